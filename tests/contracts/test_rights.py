"""No view without a stated right: the suite finds it, it can't be built, and were it built it would serve nobody."""

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client as Browser
from django.test import override_settings
from django.urls import path
from django.views import View

from agency.api.me import MeViews
from agency.api.views import ApiView
from agency.rights import Right
from agency.web.views import StaffPage
from config.stated import states_a_right
from tests.contracts.doors import OPEN, guarded, is_open, routes

# From where the views come that no member's right guards: nothing else may hide beneath their addresses.
FROM = {
    "accounts/": ("allauth.", "agency.web.accounts.", "agency.web.agency_sign_in."),
    "account/": ("agency.web.accounts.",),
    "ack/": ("agency.web.acknowledge",),
    "approve/": ("workflows.web.approve",),
    "alert/": ("workflows.web.alert",),
    "see/": ("workflows.web.see",),
    "demo/": ("config.demo.views",),
    "api/schema/": ("agency.api.docs",),
    "switch/": ("agency.web.settings",),
    "healthz": ("config.health",),
    "readyz": ("config.health",),
}


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("everything")


class Bare(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("everything")


class Half(ApiView):
    rights: ClassVar[dict[str, Right | None]] = {"list": Right.READ}

    def list(self, request: Any) -> Any:
        raise AssertionError

    def create(self, request: Any) -> Any:
        raise AssertionError


class Silent(StaffPage):
    def get(self, request: HttpRequest) -> HttpResponse:
        raise AssertionError


urlpatterns = [path("plain/", plain), path("bare/", Bare.as_view()), path("healthz", plain)]


def test_every_url_is_guarded_or_open_for_a_reason() -> None:
    known = {door.route for door in guarded()}
    spelt = {route.replace("<slug:move>", "claim") for route, _ in routes()}
    assert {route for route in spelt if route not in known and not is_open(route)} == set()


def test_no_reason_is_stale() -> None:
    """But the demo's, whose addresses are there only where trying out is meant."""
    used = {known for known in OPEN for route, _ in routes() if route == known or route.startswith(known)}
    assert OPEN.keys() - used <= {"demo/"}


def test_only_those_views_are_open_that_the_reason_is_about() -> None:
    assert FROM.keys() == OPEN.keys()
    strangers = {}
    for route, view in routes():
        known = next(
            (name for name in OPEN if route == name or (name[-1] == "/" and route.startswith(name))), None
        )
        shown = getattr(view, "view_class", view)
        if known and not f"{shown.__module__}.".startswith(FROM[known]):
            strangers[route] = shown.__module__
    assert strangers == {}


@pytest.mark.parametrize("shown", [plain, Bare.as_view()])
def test_a_view_of_no_kind_states_nothing(shown: Any) -> None:
    assert not states_a_right(shown, "plain/")
    assert states_a_right(shown, "healthz")


@override_settings(ROOT_URLCONF="tests.contracts.test_rights")
@pytest.mark.parametrize("address", ["/plain/", "/bare/"])
def test_a_view_without_a_right_serves_nobody(db: None, address: str) -> None:
    answer = Browser(raise_request_exception=False).get(address)
    assert answer.status_code == 500
    assert b"everything" not in answer.content
    with pytest.raises(ImproperlyConfigured, match="states no right"):
        Browser().get(address)


def test_an_action_without_a_right_cannot_be_built() -> None:
    assert Half.as_view({"get": "list"})
    with pytest.raises(ImproperlyConfigured, match="Half states no right for create"):
        Half.as_view({"get": "list", "post": "create"})


def test_an_action_whose_right_went_missing_serves_nobody(
    db: None, ana: Any, api: Any, monkeypatch: Any
) -> None:
    """Even if the table of rights changed after the view was built."""
    monkeypatch.setattr(MeViews, "rights", {})
    with pytest.raises(ImproperlyConfigured, match="MeViews states no right"):
        api(ana).get("/api/v1/me/")


def test_a_page_without_a_right_cannot_be_built() -> None:
    with pytest.raises(ImproperlyConfigured, match="Silent states no right"):
        Silent.as_view()


def test_the_middleware_that_refuses_comes_last() -> None:
    assert settings.MIDDLEWARE[-1] == "config.stated.StatedRights"
    assert not states_a_right(SimpleNamespace(view_class="StaffPage"), "x/")
