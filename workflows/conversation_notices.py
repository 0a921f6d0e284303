"""The mail to whoever works on a mention whose conversation went on."""

from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string

from agency.actions.notices import Mail, NoticeKind, register_notice
from agency.models import Notice
from mentions.models import Mention, Message
from mentions.words import CLOSED, State
from workflows.words import WROTE

_NEXT = {
    State.CLAIMED: "It is yours again, and the time for the next answer runs:",
    State.AWAITING_CLIENT: "The reply that the client is asked about was written before. Take it back if it doesn't fit any more:",
    State.APPROVED: "The approved reply was written before. Take it back if it doesn't fit any more:",
}


def _write(notice: Notice, now: datetime) -> Mail | None:
    mention = Mention.objects.select_related("client", "post__author").filter(pk=notice.subject_id).first()
    if mention is None or mention.state in CLOSED:
        return None
    message = (
        Message.objects.filter(mention=mention).select_related("post").order_by("-recorded_at", "-id").first()
    )
    if message is None:
        return None
    client, author = mention.client.name, mention.post.author
    name = author.name if author and author.name else "the author"
    by_client = message.by == Message.By.CLIENT
    said = "the client wrote in this conversation itself" if by_client else f"{name} wrote again"
    after = (
        "Look whether that answers it, so that nobody is answered twice:"
        if by_client
        else _NEXT.get(State(mention.state), "It is here:")
    )
    link = f"{settings.BASE_URL}/mentions/{mention.pk}/"
    context = {
        "said": f"{said[0].upper()}{said[1:]}:",
        "text": message.post.text,
        "next": after,
        "link": link,
    }
    return Mail(
        subject=f"{client}: {said}",
        text=render_to_string("workflows/mail/wrote.txt", context),
    )


def register() -> None:
    register_notice(WROTE, NoticeKind(write=_write, title="A conversation went on"))
