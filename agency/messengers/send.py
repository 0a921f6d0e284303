"""Hand a parcel to the messenger of its kind. Never inside a transaction."""

from collections.abc import Callable, Mapping

from agency.messengers.chat import send_by_apprise
from agency.messengers.mail import send_mail
from agency.messengers.parcel import Outcome, Parcel
from agency.messengers.webhook import send_webhook
from agency.models import Channel

_MESSENGERS: Mapping[str, Callable[[Parcel], Outcome]] = {
    Channel.Kind.MAIL: send_mail,
    Channel.Kind.APPRISE: send_by_apprise,
    Channel.Kind.WEBHOOK: send_webhook,
}


def deliver(parcel: Parcel) -> Outcome:
    if parcel.broken:
        return Outcome(ok=False, error=parcel.broken)
    return _MESSENGERS[parcel.via](parcel)
