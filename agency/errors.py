"""Errors that a person or a program is told about, each with a stable code and an HTTP status.

An error lives beside what raises it; this is the family that they belong to, and the members that every app needs.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar


class DomainError(Exception):
    """What was asked can't be done, and the message says why in words for the one who asked.

    Attributes:
        code: stable, for programs.
        status: HTTP status.
        fields: field name → sentence, where single fields are at fault.
        headers: of the answer, such as when to try again.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "That can't be done"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, message: str = "", *, fields: dict[str, str] | None = None) -> None:
        self.message = message or self.title
        self.fields = fields or {}
        super().__init__(self.message)


class NotFound(DomainError):
    """Absent and foreign look alike."""

    code, status, title = "not_found", 404, "Not found"

    def __init__(
        self, message: str = "There is nothing here with that address, or it isn't yours to see."
    ) -> None:
        super().__init__(message)


class Forbidden(DomainError):
    code, status, title = "forbidden", 403, "Not allowed"


class Invalid(DomainError):
    """Input that a field's rule refuses."""

    code, status, title = "invalid", 400, "Please correct what you entered"

    @classmethod
    def field(cls, name: str, sentence: str) -> "Invalid":
        return cls(sentence, fields={name: sentence})


class Conflict(DomainError):
    code, status, title = "conflict", 409, "Somebody was quicker"
