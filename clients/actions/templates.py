"""The playbook's templates."""

from datetime import datetime
from string import Formatter

from agency.actions.audit import differences, record
from agency.actions.events import emit
from agency.actor import Actor
from agency.errors import Invalid
from agency.rights import Right
from clients.models import Client, Template

SLOTS = ("author", "client", "me")
FIELDS = ("name", "kind", "text")


def check_slots(text: str) -> None:
    """Raises: Invalid, when braces hold anything but a known slot."""
    try:
        # A slot is a name alone: a width or a conversion could make a page of any size, or fail when it is filled.
        slots = [
            f"{name}!{conversion or ''}:{spec or ''}" if spec or conversion else name
            for _, name, spec, conversion in Formatter().parse(text)
            if name is not None
        ]
    except ValueError:
        raise Invalid.field(
            "text", "A brace stands alone. Write a slot such as {author}, or {{ for a brace."
        ) from None
    for slot in slots:
        if slot not in SLOTS:
            known = ", ".join(f"{{{name}}}" for name in SLOTS)
            raise Invalid.field(
                "text", f"“{{{slot}}}” isn't a slot. The slots are {known}; write {{{{ for a brace."
            )


def fill(text: str, *, author: str, client: str, me: str) -> str:
    """The template's text with its slots filled."""
    return text.format(author=author, client=client, me=me)


def add_template(
    *, client: Client | None, name: str, kind: str, text: str, by: Actor, now: datetime
) -> Template:
    """Raises: Invalid, when the text names a slot that there isn't."""
    by.require(Right.MANAGE)
    by.require_client(client.pk if client else None)
    check_slots(text)
    template = Template(client=client, name=name, kind=kind, text=text, created_at=now)
    template.save(force_insert=True)
    record("template.added", by=by, subject=template, now=now, details={"text": text})
    emit("template.added", subject=template, now=now)
    return template


def change_template(template: Template, *, changes: dict[str, str], by: Actor, now: datetime) -> Template:
    by.require(Right.MANAGE)
    by.require_client(template.client_id)
    check_slots(changes.get("text", template.text))
    after = {field: value for field, value in changes.items() if field in FIELDS}
    changed = differences({field: getattr(template, field) for field in FIELDS}, after)
    if changed:
        for field, value in after.items():
            setattr(template, field, value)
        template.save(update_fields=list(after))
        record("template.changed", by=by, subject=template, now=now, details=changed)
        emit("template.changed", subject=template, now=now, data={"changed": sorted(changed)})
    return template


def archive_template(template: Template, *, by: Actor, now: datetime) -> Template:
    by.require(Right.MANAGE)
    by.require_client(template.client_id)
    if template.archived_at is None:
        template.archived_at = now
        template.save(update_fields=["archived_at"])
        record("template.archived", by=by, subject=template, now=now)
        emit("template.archived", subject=template, now=now)
    return template
