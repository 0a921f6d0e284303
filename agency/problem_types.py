"""Every kind of problem that the API can tell of: its code, which never changes, its status, and its title.

Most are the errors of `agency.errors.DomainError`'s family, which know all three themselves, wherever they live. Here are
the others, that no rule of ours raises, and the list of all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from agency.errors import DomainError


@dataclass(frozen=True, slots=True, order=True)
class ProblemType:
    """`says`: what it means, in a sentence for who writes programs."""

    code: str
    status: int
    title: str
    says: str


OTHERS = (
    ProblemType("bad_request", 400, "That request can't be read", "The address or a header is broken."),
    ProblemType("parse_error", 400, "The body can't be read", "It isn't JSON, or names a field twice."),
    ProblemType("not_authenticated", 401, "Sign in first", "No key was sent."),
    ProblemType(
        "csrf_failed", 403, "This form is too old", "A call with a session's cookie lacks its CSRF token."
    ),
    ProblemType("method_not_allowed", 405, "Method not allowed", "The header Allow names those that are."),
    ProblemType(
        "not_acceptable", 406, "No such format", "The header Accept asks for something else than JSON."
    ),
    ProblemType("too_large", 413, "Too large", "The body is larger than 1 MB."),
    ProblemType("unsupported_media_type", 415, "Unsupported media type", "The body isn't sent as JSON."),
    ProblemType(
        "server_error", 500, "Something broke on our side", "Nothing was half done. Send it again later."
    ),
)
_TITLES = {other.code: other.title for other in OTHERS}


def title_of(code: str) -> str:
    """Of a problem that no DomainError tells of, else of those that every app shares."""
    return _TITLES.get(code) or _SHARED.get(code, DomainError.title)


def errors() -> Iterator[type[DomainError]]:
    """Every error of the family, of all modules that are loaded."""
    found = [DomainError]
    while found:
        error = found.pop()
        yield error
        found += error.__subclasses__()


def problem_types() -> list[ProblemType]:
    """All of them, by code. An error that may also be a failed precondition (412) is there once, with its own status."""
    own = {
        ProblemType(error.code, error.status, error.title, _first_line(error))
        for error in errors()
        if "code" in vars(error)
    }
    return sorted({*own, *OTHERS})


def _first_line(error: type[DomainError]) -> str:
    return (error.__doc__ or "").strip().partition("\n")[0]


_SHARED = {error.code: error.title for error in errors()}
