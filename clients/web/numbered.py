"""Forms with numbered rows, of which empty ones are left out: errors go back to the rows that they are about."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from agency.errors import Invalid


@contextmanager
def renumbered(rows: Mapping[str, Sequence[int]]) -> Iterator[None]:
    """Inside, `steps/0/…` is the first row that was filled in; the error that leaves names the form's own row.

    Args:
        rows: such as {"steps": [0, 2]}: the form's rows that were filled in.
    """
    try:
        yield
    except Invalid as error:
        fields = {_own(name, rows): said for name, said in error.fields.items()}
        raise Invalid(error.message, fields=fields) from None


def _own(name: str, rows: Mapping[str, Sequence[int]]) -> str:
    what, _, rest = name.partition("/")
    number, _, field = rest.partition("/")
    if what not in rows or not number.isdigit() or int(number) >= len(rows[what]):
        return name
    return f"{what}/{rows[what][int(number)]}/{field}"
