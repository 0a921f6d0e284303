"""Members and keys: who gets in, and who no longer does."""

from datetime import timedelta

import pytest
from django.core import mail

from agency.actions.keys import make_key, revoke_key
from agency.actions.members import add_member, change_role, remove_member
from agency.actions.notices import send_notice
from agency.actor import Actor
from agency.errors import Conflict, Forbidden, Invalid
from agency.models import ApiKey, Membership, Notice
from agency.queries.keys import actor_of_key, find_key
from agency.queries.people import actor_of_member, choose_membership
from agency.rights import Right
from tests.fixtures import Clock

pytestmark = pytest.mark.usefixtures("inside")


def _membership(actor: Actor) -> Membership:
    return Membership.objects.select_related("user").get(pk=actor.id)


def test_an_invitation_brings_a_link_to_set_a_password(ana: Actor, clock: Clock) -> None:
    add_member(email="Eve@Northlight.example", name="Eve", role="responder", by=ana, now=clock.now)
    notice = Notice.objects.get()
    send_notice(notice.agency_id, notice.pk, clock=lambda: clock.now)
    send_notice(notice.agency_id, notice.pk, clock=lambda: clock.now)
    assert [message.to for message in mail.outbox] == [["eve@northlight.example"]]
    assert "/accounts/password/reset/key/" in str(mail.outbox[0].body)
    assert Notice.objects.get().state == "sent"


def test_nobody_is_a_member_twice(ana: Actor, ben: Actor, clock: Clock) -> None:
    with pytest.raises(Conflict, match="member already"):
        add_member(email="BEN@northlight.example", name="Ben", role="manager", by=ana, now=clock.now)


def test_who_was_removed_is_out_and_so_are_their_keys(ana: Actor, mara: Actor, clock: Clock) -> None:
    able = Actor(
        kind=mara.kind,
        agency_id=mara.agency_id,
        id=mara.id,
        name="Mara",
        rights=ana.rights,
        member_id=mara.member_id,
    )
    _, token = make_key(name="K", rights=["read"], expires_at=None, by=able, now=clock.now)
    assert find_key(token, now=clock.now) is not None
    member = remove_member(_membership(mara), by=ana, now=clock.now)
    assert choose_membership(member.user, None) is None
    assert find_key(token, now=clock.now) is None


def test_an_agency_keeps_an_owner(ana: Actor, clock: Clock) -> None:
    for act in (
        lambda: remove_member(_membership(ana), by=ana, now=clock.now),
        lambda: change_role(_membership(ana), role="analyst", by=ana, now=clock.now),
    ):
        with pytest.raises(Conflict, match="needs an owner"):
            act()


def test_only_owners_change_the_team(mara: Actor, ben: Actor, clock: Clock) -> None:
    with pytest.raises(Forbidden):
        change_role(_membership(ben), role="owner", by=mara, now=clock.now)


def test_a_key_can_do_no_more_than_who_made_it(mara: Actor, ana: Actor, clock: Clock) -> None:
    with pytest.raises(Forbidden):
        make_key(name="K", rights=["read"], expires_at=None, by=mara, now=clock.now)
    with pytest.raises(Invalid):
        make_key(name="K", rights=["fly"], expires_at=None, by=ana, now=clock.now)
    with pytest.raises(Invalid):
        make_key(name="K", rights=["read"], expires_at=clock.now, by=ana, now=clock.now)


@pytest.mark.parametrize("change", ["", "x", " ", "_x", "\x00", "ž"])
def test_only_the_whole_token_opens(ana: Actor, clock: Clock, change: str) -> None:
    _, token = make_key(
        name="K", rights=["read"], expires_at=clock.now + timedelta(hours=1), by=ana, now=clock.now
    )
    key = find_key(token + change, now=clock.now)
    assert (key is not None) == (change == "")


def test_keys_end(ana: Actor, clock: Clock) -> None:
    until = clock.now + timedelta(hours=1)
    key, token = make_key(name="K", rights=["read"], expires_at=until, by=ana, now=clock.now)
    assert find_key(token, now=until) is None
    revoke_key(key, by=ana, now=clock.now)
    assert find_key(token, now=clock.now) is None


def test_the_secret_of_a_key_is_not_stored(ana: Actor, clock: Clock) -> None:
    _, token = make_key(name="K", rights=["read"], expires_at=None, by=ana, now=clock.now)
    secret = token.split("_", 2)[2]
    assert secret not in str(ApiKey.objects.values().get())


def test_a_key_loses_what_its_maker_loses(ana: Actor, clock: Clock) -> None:
    second = add_member(email="eve@x.example", name="Eve", role="owner", by=ana, now=clock.now)
    _, token = make_key(
        name="K", rights=["read", "team"], expires_at=None, by=actor_of_member(second), now=clock.now
    )
    change_role(second, role="analyst", by=ana, now=clock.now)
    key = find_key(token, now=clock.now)
    assert key is not None
    assert actor_of_key(key).rights == {Right.READ}


def test_a_stale_look_at_a_member_does_not_cost_the_last_owner(ana: Actor, clock: Clock) -> None:
    second = add_member(email="eve@x.example", name="Eve", role="manager", by=ana, now=clock.now)
    stale = Membership.objects.get(pk=second.pk)
    change_role(second, role="owner", by=ana, now=clock.now)
    remove_member(_membership(ana), by=ana, now=clock.now)
    with pytest.raises(Conflict, match="needs an owner"):
        change_role(stale, role="analyst", by=ana, now=clock.now)


def test_a_key_made_while_its_maker_is_removed_does_not_open(ana: Actor, clock: Clock) -> None:
    second = add_member(email="eve@x.example", name="Eve", role="owner", by=ana, now=clock.now)
    eve = actor_of_member(second)
    remove_member(second, by=ana, now=clock.now)
    _, token = make_key(name="K", rights=["read"], expires_at=None, by=eve, now=clock.now)
    assert find_key(token, now=clock.now) is None
