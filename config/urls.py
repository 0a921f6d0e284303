"""Every address of Earshot."""

from django.conf import settings
from django.urls import include, path

from config.demo.views import forum_feed, forum_post, forum_replies
from config.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", include("agency.web.accounts.urls")),
    path("api/", include("config.api_urls")),
    path("", include("config.page_urls")),
]

if settings.DEMO:
    urlpatterns += [
        path("demo/feed.xml", forum_feed, name="demo-feed"),
        path("demo/replies", forum_replies, name="demo-replies"),
        path("demo/posts/<slug:slug>/", forum_post, name="demo-post"),
    ]

handler400 = "agency.web.errors.bad_request"
handler403 = "agency.web.errors.forbidden"
handler404 = "agency.web.errors.not_found"
handler429 = "agency.web.accounts.lockout.busy"
handler500 = "agency.web.errors.server_error"
