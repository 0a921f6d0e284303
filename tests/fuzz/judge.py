"""What is wrong with an answer: it failed, or the document doesn't know it."""

from dataclasses import dataclass
from shlex import quote
from typing import Any

import schemathesis
from requests.structures import CaseInsensitiveDict
from schemathesis import Case
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response

from tests.contracts.answers import check_answer

load_all_checks()
CHECKS = list(
    schemathesis.checks.CHECKS.get_by_names(
        [
            "status_code_conformance",
            "content_type_conformance",
            "response_headers_conformance",
            "response_schema_conformance",
            "negative_data_rejection",
            "missing_required_header",
            "unsupported_method",
            "allow_header_conformance",
        ]
    )
)


@dataclass(frozen=True)
class Finding:
    """One answer that shouldn't be. `kind`: of the check that it failed."""

    kind: str
    call: str
    status: int
    says: str
    curl: str

    @property
    def is_failure(self) -> bool:
        return self.status >= 500

    def __str__(self) -> str:
        return f"{self.kind}: {self.call} answered {self.status}: {self.says}\n  {self.curl}"


@dataclass(frozen=True)
class Seen:
    """An answer in the form that `check_answer` takes."""

    status_code: int
    content: bytes
    headers: CaseInsensitiveDict[str]
    _response: Response

    def json(self) -> Any:
        return self._response.json()


def judge(case: Case, response: Response, **sent: Any) -> list[Finding]:
    """Everything that is wrong with it."""
    method = str(response.request.method)
    call, curl = f"{method} {case.operation.path}", _curl(response)
    found: list[Finding] = []
    if response.status_code >= 500:
        found.append(Finding("Failure", call, response.status_code, _text(response.content)[:300], curl))
    try:
        case.validate_response(response, checks=CHECKS, transport_kwargs=sent or None)
    except FailureGroup as group:
        for failure in group.exceptions if not found else ():
            says = " ".join(f"{failure.title}: {failure.message}".split())[:600]
            found.append(Finding(type(failure).__name__, call, response.status_code, says, curl))
    if not found:
        # Schemathesis takes fields that the document doesn't name.
        path = str(response.request.path_url)
        seen = Seen(
            response.status_code,
            response.content,
            CaseInsensitiveDict({name: values[0] for name, values in response.headers.items()}),
            response,
        )
        try:
            check_answer(method, path, seen)
        except Exception as error:
            says = " ".join(f"{type(error).__name__}: {error}".split())[:600]
            found.append(Finding("Undocumented", call, response.status_code, says, curl))
    return found


def _curl(response: Response) -> str:
    """The request, to be sent again by hand; the key is in the shell's KEY."""
    request = response.request
    shown = {
        name: value
        for name, value in request.headers.items()
        if name not in {"Authorization", "Content-Length", "Connection", "Accept-Encoding", "User-Agent"}
        and not name.startswith("X-Schemathesis")
    }
    parts = ["curl", "-sS", "-X", str(request.method)]
    if "Authorization" in request.headers:
        parts += ["-H", '"Authorization: Bearer $KEY"']
    for name, value in shown.items():
        parts += ["-H", _quoted(f"{name}: {_text(value)}")]
    if request.body:
        parts += ["--data-binary", _quoted(_text(request.body)[:1500])]
    return " ".join([*parts, _quoted(_text(request.url))])


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _quoted(text: str) -> str:
    if text.isprintable():
        return quote(text)
    # As bash reads it, without what a terminal would act on.
    plain = (sign if sign.isprintable() and sign not in "'\\" else f"\\U{ord(sign):08x}" for sign in text)
    return f"$'{''.join(plain)}'"
