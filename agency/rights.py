"""Who may do what: the one table of roles and rights."""

from django.db.models import TextChoices


class Role(TextChoices):
    OWNER = "owner", "Owner"
    MANAGER = "manager", "Manager"
    RESPONDER = "responder", "Responder"
    ANALYST = "analyst", "Analyst"


class Right(TextChoices):
    READ = "read", "Read mentions, clients and results"
    RESPOND = "respond", "Work mentions: claim, answer, dismiss"
    MANAGE = "manage", "Change clients, contacts, listening, sources, promises and the playbook"
    AUDIT = "audit", "Read the activity log"
    TEAM = "team", "Add and remove members, change roles"
    KEYS = "keys", "Make and revoke API keys"
    AGENCY = "agency", "Change the agency's own settings"
    DATA = "data", "Export and erase data"


ROLE_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.MANAGER: frozenset({Right.READ, Right.RESPOND, Right.MANAGE, Right.AUDIT}),
    Role.RESPONDER: frozenset({Right.READ, Right.RESPOND}),
    Role.ANALYST: frozenset({Right.READ}),
}

# Rights over the whole agency: whoever is limited to some clients has none of them.
WHOLE_AGENCY = frozenset({Right.TEAM, Right.KEYS, Right.AGENCY, Right.DATA})
