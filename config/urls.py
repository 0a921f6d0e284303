"""Every address of Earshot."""

from django.urls import include, path

from config.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accounts/", include("allauth.account.urls")),
    path("api/", include("config.api_urls")),
    path("", include("config.page_urls")),
]

handler400 = "agency.web.errors.bad_request"
handler403 = "agency.web.errors.forbidden"
handler404 = "agency.web.errors.not_found"
handler500 = "agency.web.errors.server_error"
