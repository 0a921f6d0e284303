"""API keys: which there are, and everything about one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from agency.models import ApiKey
from agency.queries.keys import get_key, keys_made_by, list_keys
from agency.rights import ROLE_RIGHTS, Right, Role
from agency.web.limits import OffersClients, say_clients

_MAY = {
    Right.READ: "Read",
    Right.RESPOND: "Work mentions",
    Right.MANAGE: "Change clients and sources",
    Right.AUDIT: "Read the activity log",
    Right.TEAM: "Change the team",
    Right.KEYS: "Make and revoke keys",
    Right.AGENCY: "Change settings",
    Right.DATA: "Export and erase data",
}
# A key that ends within this is marked.
SOON = timedelta(days=7)
STATES = {
    "live": ("ok", "check", "Live"),
    "soon": ("warn", "clock", "Ends soon"),
    "ended": ("", "clock", "Ended"),
    "revoked": ("", "close", "Revoked"),
    "stopped": ("", "pause", "Stopped"),
}


class KeysPage(OffersClients):
    """A page about keys. Some show a secret, so none is kept by any cache."""

    right = Right.KEYS
    nav = "keys"

    def shown(self, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        response = self.page(template, context, status=status)
        response["Cache-Control"] = "private, no-store"
        return response

    def about(self, key_id: UUID, *, token: str = "", rotated: bool = False) -> HttpResponse:
        """Everything about one, with its token where it has a new one: shown this once, and kept nowhere."""
        key = get_key(key_id, by=self.actor, now=self.now)
        context = {
            "key": self.line(key),
            "token": token,
            "rotated": rotated,
            "made": [self.line(one) for one in self._made(key)],
            "usual_rate": settings.API_RATE,
            "audits": self.actor.may(Right.AUDIT),
        }
        return self.shown("agency/key.html", context)

    def _made(self, key: Any) -> list[Any]:
        wanted = [one.pk for one in keys_made_by(key)]
        rows = list_keys(by=self.actor, now=self.now).filter(pk__in=wanted) if wanted else []
        return sorted(rows, key=lambda one: (one.created_at, one.pk))

    def line(self, key: Any) -> dict[str, Any]:
        """A key with its state, as people read it."""
        soon = key.state == "live" and key.expires_at is not None and key.expires_at - self.now <= SOON
        look, icon, word = STATES["soon" if soon else key.state]
        return {
            "row": key,
            "prefix": f"esk_{key.prefix}",
            "is_live": key.state == "live",
            "state": {"look": look, "icon": icon, "word": word, "soon": soon},
            "may": say_rights(key.rights),
            "lost": say_rights(_lost(key)),
            "clients": "" if key.client_ids is None else say_clients(key.client_ids, self.clients),
            "maker": key.created_by.name if key.created_by else "",
            "has_end": key.expires_at is not None and key.state not in {"revoked", "stopped"},
            "url": reverse("key", args=[key.pk]),
        }


def say_rights(rights: Any) -> list[str]:
    held = [right for right in Right if right.value in rights]
    return ["Everything"] if len(held) == len(Right) else [_MAY[right] for right in held]


def _lost(key: ApiKey) -> list[str]:
    """What it was made for and can't do, because who made it can't any more."""
    if key.created_by is None:
        return []
    theirs = ROLE_RIGHTS[Role(key.created_by.role)]
    return [right for right in key.rights if right in Right.values and Right(right) not in theirs]


class Keys(KeysPage):
    """Those that work, and below them those that are over."""

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = list_keys(by=self.actor, now=self.now).order_by("-created_at", "-id")
        lines = [self.line(key) for key in rows]
        context: Mapping[str, Any] = {
            "keys": [line for line in lines if line["is_live"]],
            "over": [line for line in lines if not line["is_live"]],
        }
        return self.shown("agency/keys.html", dict(context))


class KeyDetail(KeysPage):
    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.about(kwargs["key_id"])
