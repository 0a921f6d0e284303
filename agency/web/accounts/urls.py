"""Addresses below /accounts/ and /account/: allauth's, with ours in the place of some."""

from allauth.account.urls import urlpatterns as account_urlpatterns
from django.urls import include, path

from agency.web.accounts.pages import (
    Account,
    EndOtherSessions,
    EndSession,
    ForgottenPassword,
    RecoveryCodes,
    SetUpApp,
    to_account,
)

# Mail addresses are a matter of the team page, so allauth's own pages for them stay away.
_allauths = [page for page in account_urlpatterns if "email" not in str(page.name)]

urlpatterns = [
    path("account/", Account.as_view(), name="account"),
    path("account/sessions/end/", EndOtherSessions.as_view(), name="sessions-end"),
    path("account/sessions/<int:session_id>/end/", EndSession.as_view(), name="session-end"),
    # The first that fits is taken.
    path("accounts/2fa/", to_account, name="mfa_index"),
    path("accounts/2fa/webauthn/", to_account, name="mfa_list_webauthn"),
    path("accounts/2fa/totp/activate/", SetUpApp.as_view(), name="mfa_activate_totp"),
    path("accounts/2fa/recovery-codes/", RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path("accounts/2fa/recovery-codes/download/", to_account, name="mfa_download_recovery_codes"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/password/reset/", ForgottenPassword.as_view(), name="account_reset_password"),
    path("accounts/", include(_allauths)),
]
