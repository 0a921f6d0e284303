"""What is sent: each call's examples, what covers its schema bit by bit, what chance makes of it, and what isn't JSON."""

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

import hypothesis
import orjson
import schemathesis
from hypothesis.errors import Unsatisfiable
from schemathesis import Case
from schemathesis.generation import GenerationMode
from schemathesis.generation.drivers import CoverageGenerator, ExamplesGenerator
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.overrides import Override

from agency.api.docs import document

MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
# Bodies that no schema makes.
RAW: tuple[tuple[bytes, str], ...] = (
    (b"", "application/json"),
    (b"{", "application/json"),
    (b"null", "application/json"),
    (b"[]", "application/json"),
    (b'"\\ud800"', "application/json"),
    (b'{"name": "\\ud800"}', "application/json"),
    (b'{"name": NaN}', "application/json"),
    (b'{"a": 1e999}', "application/json"),
    (b"\xff\xfe{\x00}\x00", "application/json"),
    (b'\xef\xbb\xbf{"a": 1}', "application/json"),
    (b'{"a":' * 2000 + b"1" + b"}" * 2000, "application/json"),
    (b"[" * 100_000, "application/json"),
    (b'{"a": "' + b"x" * 1_100_000 + b'"}', "application/json"),
    (b"name=Brightwater", "application/x-www-form-urlencoded"),
    (b"<name/>", "text/xml"),
    (b'{"a": 1}', ""),
    (b'{"a": 1}', "application/json; charset=utf-16"),
    (b'{"a": 1}', "nonsense"),
)

Send = Callable[..., None]


@cache
def operations() -> tuple[Any, ...]:
    """Every call of the document, as it is served."""
    schema = schemathesis.openapi.from_dict(orjson.loads(document("json")))
    checks = schema.config.checks
    # What we say, and with reason, where schemathesis would take another refusal for the right one.
    for check in (checks.missing_required_header, checks.negative_data_rejection):
        check.expected_statuses = [*check.expected_statuses, "410", "412", "413", "428"]
    return tuple(found.ok() for found in schema.get_all_operations())


def examples(operation: Any) -> Iterator[Case]:
    """What the document shows."""
    yield from ExamplesGenerator(
        operation=operation, override=Override(), feedback=FeedbackSources(), fill_missing=True
    )


def coverage(operation: Any) -> Iterator[Case]:
    """Each bound, each type, each field missing or too much: the same at each run."""
    yield from CoverageGenerator(
        operation=operation,
        generation_modes=MODES,
        generation_config=operation.schema.config.generation,
        auth_storage=None,
        override=Override(),
        feedback=FeedbackSources(),
    )


def some(cases: list[Any], count: int, chance: Random) -> list[Any]:
    """So many of them, in the order that they were in."""
    if len(cases) <= count:
        return cases
    return [cases[place] for place in sorted(chance.sample(range(len(cases)), count))]


def fuzz(operation: Any, send: Send, *, count: int, seed: int) -> None:
    """Sends what hypothesis makes of the schema, half of it within and half of it outside."""
    for mode in MODES:
        wanted = (count + (mode is GenerationMode.POSITIVE)) // 2
        if wanted:
            _draw(operation.as_strategy(generation_mode=mode), send, count=wanted, seed=seed)


def _draw(strategy: Any, send: Send, *, count: int, seed: int) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=strategy)
    def drawn(case: Case) -> None:
        send(case)

    try:
        drawn()
    except (Unsatisfiable, hypothesis.errors.UnsatisfiedAssumption):
        return  # nothing is outside a schema that allows everything


def raw(operation: Any) -> Iterator[tuple[Case, bytes, str]]:
    """Bodies that aren't JSON, or aren't what JSON may be, with their content type."""
    if operation.method.upper() in {"POST", "PUT", "PATCH"}:
        shown = next(examples(operation))
        for body, kind in RAW:
            case = operation.Case(path_parameters=dict(shown.path_parameters), query=dict(shown.query))
            yield case, body, kind
