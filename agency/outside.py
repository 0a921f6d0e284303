"""What row security doesn't keep apart, and what the working role may not do: each with its reason.

The database itself is held against these lists (tests/contracts/test_catalogue.py), so that a new table, function or
grant that isn't here fails the suite.
"""

# Tables outside row security, each with its reason.
OUTSIDE = {
    "agency_agency": "the tenant itself; read before it is entered",
    "agency_user": "a person may work for several agencies",
    "agency_identityprovider": "found by the code of its sign-in before the agency is known; its secret is sealed",
    "agency_membership": "says which agencies a person may enter",
    "agency_apikey": "found by its prefix before the agency is known; holds a hash",
    "agency_alarm": "one sweep serves all agencies; ids and times only",
    "agency_acklink": "found by its token's hash before the agency is known; ids and times only",
    "clients_viewlink": "found by its token's hash before the agency is known; ids and times only",
    "workflows_alertlink": "found by its token's hash before the agency is known; ids and times only",
    "workflows_approvallink": "found by its token's hash before the agency is known; ids and times only",
    "account_emailaddress": "allauth's, about users",
    "mfa_authenticator": "allauth's: a person's second factors, whatever agency they work in",
    "usersessions_usersession": "allauth's: where a person is signed in",
    "axes_accessattempt": "guesses are counted before anybody is known",
    "axes_accessattemptexpiration": "django-axes', unused",
    "axes_accessfailurelog": "django-axes', unused",
    "axes_accesslog": "django-axes', unused",
    "account_emailconfirmation": "allauth's, about users",
    "auth_group": "Django's, unused",
    "auth_group_permissions": "Django's, unused",
    "auth_permission": "Django's, unused",
    "django_content_type": "Django's",
    "django_migrations": "Django's",
    "django_session": "Django's; names a user",
}

# Functions that run as the owner, whom no policy binds, each with its reason. They filter by the setting themselves.
DEFINERS = {
    "agency_audit_seal": "trigger: gives an audit entry its link, which the working role may not write",
    "agency_audit_chain": "trigger: puts the link at the end of its own agency's chain",
    "agency_audit_erase": "blanks what the entered agency's log tells; the working role may not update it",
    "agency_audit_remove": "removes the entered agency's log, once that agency is marked as being erased",
    "agency_feed_queue": "trigger: gives an event its place in the feed, which the working role may not write",
    "agency_feed_number": "trigger: numbers a transaction's places at the end of its own agency's feed",
    "agency_feed_forget": "trigger: deletes the places of the events that were deleted",
    "agency_feed_heads": "tells a process that waits for many agencies how many events they have had; numbers only",
    "mentions_search": "under a policy the words' index is of no use; answers with ids of the entered agency only",
}

# What the working role may do with every table, unless it is named below. Never TRUNCATE, REFERENCES or TRIGGER.
USUAL = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
APPEND = frozenset({"SELECT", "INSERT", "DELETE"})
# Proofs of the past can only be added to. Rows of a client or an agency that is erased go with it.
NARROWED = {
    "agency_auditentry": frozenset({"SELECT", "INSERT"}),
    "agency_auditlink": frozenset({"SELECT"}),
    "agency_auditchain": frozenset({"SELECT"}),
    "agency_event": APPEND,
    "agency_feedplace": frozenset({"SELECT"}),
    "agency_webhookattempt": APPEND,
    "workflows_transition": APPEND,
    "workflows_clockevent": APPEND,
    "workflows_escalationline": APPEND,
    "workflows_attempt": APPEND,
    "workflows_version": APPEND,
}
