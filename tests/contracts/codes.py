"""The table of problem codes in docs/api.md: python -m tests.contracts.codes writes it anew."""

import os
from importlib import import_module
from pathlib import Path

import django

GUIDE = Path(__file__).parents[2] / "docs" / "api.md"
BEGIN = "<!-- codes: written by `python -m tests.contracts.codes`, and held to the code by a test -->"
END = "<!-- end of codes -->"
# Of pages where people sign in; no call of the API answers with them.
OF_PAGES = {"busy", "identity_not_proven", "no_place_by_provider"}
# Where something else didn't answer us: the calls that ask it say so in their answers, as what came of it.
OF_OTHERS = {502, 504}


def table() -> str:
    """One line for each code that a call may be answered with."""
    import_module("config.urls")
    from agency.problem_types import problem_types  # noqa: PLC0415  (Django is set up by whoever calls)

    rows: dict[str, str] = {}
    for kind in problem_types():
        if kind.code not in OF_PAGES and kind.status not in OF_OTHERS:
            rows.setdefault(kind.code, f"| `{kind.code}` | {kind.status} | {kind.title} |")
    return "\n".join(["| code | status | means |", "|---|---|---|", *rows.values()])


def written() -> str:
    """The guide with the table as it has to be."""
    before, _, rest = GUIDE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    GUIDE.write_text(written())
