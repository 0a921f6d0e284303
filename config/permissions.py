"""Who may do what, as a page for people: written from the tables that the code itself asks."""

from collections.abc import Iterator
from itertools import groupby

from agency.rights import ROLE_RIGHTS, WHOLE_AGENCY, Right, Role
from clients.words import PART_RIGHTS, ContactRight, Part
from config.doors import Door, guarded

BEGINNING = """\
# Who may do what

Written by `manage.py permissions` from the tables in `agency/rights.py` and `clients/words.py` and from the addresses
themselves; a test keeps it true.

## Members

Each member has one role in their agency; a role is a set of rights.
"""

LIMITS = """\
A member (but no owner) can be limited to some of the agency's clients: of the others they find nothing, in no list,
search, export or address, and what all clients share (a source or template for all, the default promises) they see and
use, but don't change. Limited members have none of these rights, whatever their role: {whole}.

Nobody gives a role that may do more than they may themselves, and only who has all of an owner's rights says by which
identity provider the agency's members sign in.

## API keys

A key has the rights that its maker chose from their own, and can be limited to some clients. It never does more than
its maker may at that moment: who is demoted, limited or removed takes their keys along. A key that ends makes none that
ends later.
"""

CONTACTS = """\
## Contacts

A contact of a client has no account and acts by a signed link that was mailed to them. They may have several parts.
"""

DOORS = """\
## Addresses

Every page and API call asks for one right; an address that states none is refused, and fails the tests. “Anybody signed
in” asks for a place in the agency alone.
"""


def written() -> str:
    """The whole page, Markdown."""
    whole = ", ".join(f"“{right.label}”" for right in Right if right in WHOLE_AGENCY)
    parts = [BEGINNING, *_roles(), LIMITS.format(whole=whole), CONTACTS, *_contacts(), DOORS, *_doors()]
    return "\n".join(parts)


def _roles() -> Iterator[str]:
    yield f"| right | in the API | {' | '.join(role.label for role in Role)} |"
    yield "|---|---|" + "---|" * len(Role)
    for right in Right:
        marks = " | ".join("yes" if right in ROLE_RIGHTS[role] else "" for role in Role)
        yield f"| {right.label} | `{right.value}` | {marks} |"
    yield ""


def _contacts() -> Iterator[str]:
    yield f"| they may | {' | '.join(part.label.split(':')[0] for part in Part)} |"
    yield "|---|" + "---|" * len(Part)
    for right in ContactRight:
        marks = " | ".join("yes" if right in PART_RIGHTS[part] else "" for part in Part)
        yield f"| {right.label} | {marks} |"
    yield ""


def _doors() -> Iterator[str]:
    def asked(door: Door) -> str:
        return door.right.label if door.right else "Anybody signed in"

    order = {label: place for place, label in enumerate(["Anybody signed in", *(r.label for r in Right)])}
    doors = sorted(guarded(), key=lambda door: (order[asked(door)], door.is_api, door.route, door.method))
    for label, group in groupby(doors, key=asked):
        yield f"### {label}\n"
        for is_api, some in groupby(group, key=lambda door: door.is_api):
            yield f"{'API' if is_api else 'Pages'}:\n"
            for route, methods in groupby(some, key=lambda door: door.route):
                yield f"- {', '.join(door.method for door in methods)} `/{route}`"
            yield ""
