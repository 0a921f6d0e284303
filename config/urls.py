"""Every address of Earshot."""

from allauth.account.urls import urlpatterns as account_urlpatterns
from django.conf import settings
from django.urls import include, path

from config.demo.views import forum_feed, forum_post, forum_replies
from config.health import healthz, readyz

# Mail addresses are a matter of the team page, so allauth's own pages for them stay away.
ACCOUNT_PAGES = [page for page in account_urlpatterns if "email" not in str(page.name)]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accounts/", include(ACCOUNT_PAGES)),
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
handler500 = "agency.web.errors.server_error"
