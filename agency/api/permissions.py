"""The right that a view states is the right that a caller needs; a view that states none serves nobody."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from agency.actor import Actor
from agency.errors import Forbidden
from agency.rights import Right


class StatedRight(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Actor):
            return False
        action = getattr(view, "action", None)
        if action is None:  # a method that the view doesn't serve: the answer is 405
            return True
        rights = getattr(view, "rights", {})
        if action not in rights:
            raise ImproperlyConfigured(f"{type(view).__name__} states no right for “{action}”.")
        right = rights[action]
        if isinstance(right, Right) and not request.auth.may(right):
            raise Forbidden(f"This needs the right “{right.value}”.")
        return True


class Anyone(BasePermission):
    """For the schema and its page, which say nothing about anybody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return True
