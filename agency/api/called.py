"""Fields of errors, called as the body calls them."""

from collections.abc import Iterator
from contextlib import contextmanager

from agency.errors import Invalid


@contextmanager
def called(**names: str) -> Iterator[None]:
    """Say of an error's fields what a body calls them: `called(zone="time_zone", monday="week/monday")`.

    Each step of a field such as `layers/0/every` is looked up by itself.

    Raises:
        Invalid: the same, with its fields named anew.
    """
    try:
        yield
    except Invalid as error:
        error.fields = {
            "/".join(names.get(step, step) for step in field.split("/")): sentence
            for field, sentence in error.fields.items()
        }
        raise
