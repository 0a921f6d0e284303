"""The demo's forum, served by Earshot itself while it is tried out: a feed to read, and a place where replies go."""

from typing import Any

import orjson
from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from agency.models import Agency
from config.demo.feed import feed
from config.demo.posts import POSTS

AGENCY = "Northlight"
DAY = 24 * 3600


def _base_url() -> str:
    return f"{settings.BASE_URL}/demo"


@require_GET
def forum_feed(request: HttpRequest) -> HttpResponse:
    agency = Agency.objects.filter(name=AGENCY).order_by("created_at").first()
    if agency is None:
        raise Http404
    return HttpResponse(
        feed(POSTS, base_url=_base_url(), began=agency.created_at), content_type="application/rss+xml"
    )


@csrf_exempt  # a program posts here, with no session to protect
@require_http_methods(["GET", "POST"])
def forum_replies(request: HttpRequest) -> HttpResponse:
    """POST {in_reply_to, text, key} puts a reply up, once a key; GET ?key= finds it."""
    if request.method == "GET":
        found = cache.get(f"demo-reply:{request.GET.get('key', '')}")
        return JsonResponse(found) if found else JsonResponse({}, status=404)
    try:
        sent: dict[str, Any] = orjson.loads(request.body)
        target, text, key = str(sent["in_reply_to"]), str(sent["text"]), str(sent["key"])
    except (ValueError, KeyError, TypeError):
        return JsonResponse({"error": "Send in_reply_to, text and key."}, status=400)
    slug = target.rstrip("/").rsplit("/", 1)[-1]
    reply = {"id": key, "url": f"{_base_url()}/posts/{slug}/#reply-{key}"}
    if cache.add(f"demo-reply:{key}", reply, DAY):
        shown = cache.get(f"demo-replies:{slug}", [])
        cache.set(f"demo-replies:{slug}", [*shown, {"key": key, "text": text}], DAY)
    return JsonResponse(reply, status=201)


@require_GET
def forum_post(request: HttpRequest, slug: str) -> HttpResponse:
    said = next((post for post in POSTS if post.slug == slug), None)
    if said is None:
        raise Http404
    replies = cache.get(f"demo-replies:{slug}", [])
    return render(request, "config/forum_post.html", {"said": said, "replies": replies})
