"""The base of every staff page: sign-in, the stated right, then the agency's transaction around one domain call."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from agency import clock
from agency.actor import Actor
from agency.errors import DomainError
from agency.models import Agency
from agency.queries.doors import UseProvider, doors, is_confined
from agency.queries.people import ending_agency
from agency.rights import Right
from agency.tenancy import tenant
from agency.web.answers import error_page, refusal_page, see_other
from agency.web.house import House, PageRequest, find_house

SAFE = frozenset({"get", "head"})


class StaffPage(View):
    """States its `right`, and `write_right` where a POST needs another; a page that states none refuses to exist.

    The handler runs inside the member's agency: one transaction, read-only for GET, rolled back by any error, with
    the page rendered inside it. After the rollback of a `DomainError`, `refused` says what the person sees.
    """

    right: ClassVar[Right]
    write_right: ClassVar[Right]
    nav: ClassVar[str] = ""
    http_method_names = ["get", "head", "post", "options"]

    request: PageRequest
    house: House
    now: datetime

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        if not hasattr(cls, "right"):
            raise ImproperlyConfigured(f"{cls.__name__} states no right.")
        if hasattr(cls, "post") and cls.right is Right.READ and not hasattr(cls, "write_right"):
            raise ImproperlyConfigured(f"{cls.__name__} takes what readers send: state its write_right.")
        return super().as_view(**initkwargs)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        method = (request.method or "").lower()
        handler = getattr(self, method, None) if method in self.http_method_names else None
        if handler is None or method == "options":
            return super().dispatch(request, *args, **kwargs)
        if not request.user.is_authenticated:
            return _sign_in_first(self.request)
        house = find_house(self.request)
        if house is None:
            return _no_place(self.request)
        if house.needs_second_factor:
            return see_other(request, reverse("account"))
        house.nav, self.house, self.request.house = self.nav, house, house
        right = self.right if method in SAFE else getattr(self, "write_right", self.right)
        with timezone.override(house.agency.time_zone):
            response = self._answer(handler, right, read_only=method in SAFE, **kwargs)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response

    def _answer(
        self, handler: Callable[..., HttpResponse], right: Right, *, read_only: bool, **kwargs: Any
    ) -> HttpResponse:
        try:
            with self.inside(read_only=read_only):
                self.actor.require(right)
                return handler(self.request, **kwargs)
        except DomainError as error:
            try:
                return self.refused(error)
            except DomainError as again:
                return refusal_page(self.request, again)

    @property
    def actor(self) -> Actor:
        return self.house.actor

    @contextmanager
    def inside(self, *, read_only: bool) -> Iterator[None]:
        """The member's agency, with `now` read in it."""
        with tenant(self.house.agency.pk, read_only=read_only, clients=self.actor.clients):
            self.now = self.house.now = clock.now()
            yield

    def refused(self, error: DomainError) -> HttpResponse:
        """What the person sees of an error, after everything was rolled back."""
        return refusal_page(self.request, error)

    def page(self, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        return render(self.request, template, context, status=status)

    def done(self, url: str, said: str = "") -> HttpResponse:
        """After a POST: go there, and say what was done."""
        if said:
            messages.success(self.request, said)
        return see_other(self.request, url)


def _sign_in_first(request: PageRequest) -> HttpResponse:
    """Back to the same page afterwards; what was posted is lost, so to the page that it was posted from."""
    if request.htmx:
        return see_other(request, _login(request.htmx.current_url_abs_path or "/"))
    if (request.method or "").lower() in SAFE:
        return redirect_to_login(request.get_full_path())
    origin = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(
        origin, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return see_other(request, _login(urlsplit(origin).path if ours else "/"))


def _login(after: str) -> str:
    return redirect_to_login(after).url


def _no_place(request: PageRequest) -> HttpResponse:
    try:
        doors(request.user, request.session).enter(None)  # type: ignore[arg-type]
    except UseProvider as error:
        return _by_provider(request, error)
    # A session that a provider began is told nothing of further agencies.
    ending = None if is_confined(request.session) else ending_agency(request.user)  # type: ignore[arg-type]
    return _no_agency(request) if ending is None else _ending(request, ending)


def _by_provider(request: HttpRequest, error: UseProvider) -> HttpResponse:
    return error_page(
        request,
        status=error.status,
        title=error.title,
        sentence=error.message,
        what_to_do="You are signed in with your password. For this agency, sign in once more, the other way.",
        back_url=error.sign_in_url,
        back_label=f"Sign in with {error.provider_name}",
    )


def _ending(request: HttpRequest, agency: Agency) -> HttpResponse:
    return error_page(
        request,
        status=403,
        title=f"{agency.name} is going to be erased",
        sentence="Until then, only its owners can enter. Your place is still there, and so is your work.",
        what_to_do="If this surprises you, ask an owner: they can call it off.",
        back_url=reverse("account_logout"),
        back_label="Sign out",
    )


def _no_agency(request: HttpRequest) -> HttpResponse:
    return error_page(
        request,
        status=403,
        title="You have no place in an agency",
        sentence=f"You are signed in as {request.user}, but no agency has given you a place, or it has ended.",
        what_to_do="Ask an owner of the agency to invite this mail address, or sign in with another.",
        back_url=reverse("account_logout"),
        back_label="Sign out",
    )
