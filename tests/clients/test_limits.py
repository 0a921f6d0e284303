"""Members and keys that are for some of the agency's clients only: of the others they find nothing."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client as Browser

from agency.actions.keys import make_key
from agency.actions.limits import limit_member
from agency.actions.members import change_role
from agency.actor import Actor
from agency.errors import Invalid
from agency.models import AuditEntry, Membership
from agency.queries.people import actor_of_member
from agency.tenancy import TenantModel, tenant
from clients.actions.clients import create_client
from clients.actions.templates import add_template
from clients.models import Client
from clients.queries.clients import known_clients
from mentions.actions.sources import add_source
from mentions.models import Mention, Post, Source, SourceRead
from mentions.queries.figures import Found, found_by_source
from tests.fixtures import Api, Clock
from tests.making import commit_checks, make_mention
from workflows.models import Version
from workflows.words import BY_HAND

# Tenant models whose rows concern no client, each with its reason. Whoever is limited sees them whole.
OF_THE_AGENCY = {
    "agency.AuditChain": "the head of the agency's chain: a number and a hash",
    "agency.AuditLink": "a link of the chain: a number and hashes",
    "agency.FeedPlace": "a number",
    "agency.Channel": "a member's own, or of the whole agency",
    "agency.Erasure": "read with the right to erase, which nobody limited has",
    "agency.Export": "read with the right to export, which nobody limited has",
    "agency.ExportPart": "read with the right to export, which nobody limited has",
    "agency.Identity": "who a provider says somebody is; asked at sign-in alone",
    "agency.WebhookEndpoint": "read with the right to make keys, which nobody limited has",
    "agency.WebhookReplay": "read with the right to make keys, which nobody limited has",
    "clients.MemberHours": "when a member works",
    "agency.StoredAnswer": "a caller's own answers, given again only to who works for as many clients",
    "agency.Notice": "reached through what it is about; the list narrows it by its client",
    "agency.NoticeAttempt": "reached through its notice",
    "mentions.ThreadKey": "digests of names of posts; asked by collection alone",
    "mentions.ForgottenAuthor": "a digest; asked by collection, listed with the right to erase",
}


@pytest.fixture
def other(ana: Actor, clock: Clock) -> Client:
    """A second client of Ana's agency."""
    with tenant(ana.agency_id):
        return create_client(name="Harbour Books", time_zone="UTC", language="en", by=ana, now=clock.now)


@pytest.fixture
def theirs(other: Client, clock: Clock) -> Mention:
    with tenant(other.agency_id):
        return make_mention(other, now=clock.now, text="Harbour Books closed early", author="Quayside")


def _limit(actor: Actor, client: Client, ana: Actor, clock: Clock) -> Actor:
    with tenant(ana.agency_id):
        membership = Membership.objects.select_related("user").get(pk=actor.id)
        limit_member(membership, clients=[client.pk], known=known_clients(ana), by=ana, now=clock.now)
    return actor_of_member(membership)


@pytest.fixture
def ben(ben: Actor, brand: Client, ana: Actor, clock: Clock) -> Actor:
    """Works for Brightwater alone."""
    return _limit(ben, brand, ana, clock)


@pytest.fixture
def mara(mara: Actor, brand: Client, ana: Actor, clock: Clock) -> Actor:
    """Manages Brightwater alone."""
    return _limit(mara, brand, ana, clock)


def test_every_tenant_model_says_which_client_its_rows_concern() -> None:
    silent = {
        model._meta.label
        for model in apps.get_models()
        if issubclass(model, TenantModel) and not model.part_of and "within" not in vars(model)
    }
    assert silent == OF_THE_AGENCY.keys() & {model._meta.label for model in apps.get_models()}


def test_a_limited_responder_finds_the_mentions_of_their_clients_only(
    ben: Actor, mention: Mention, theirs: Mention, page: Callable[[Actor], Browser], api: Callable[..., Api]
) -> None:
    inbox = page(ben).get("/").content.decode()
    assert f"/mentions/{mention.pk}/" in inbox
    assert "Harbour" not in inbox
    assert page(ben).get(f"/mentions/{theirs.pk}/").status_code == 404
    assert page(ben).post(f"/mentions/{theirs.pk}/move/claim/", {"version": 1}).status_code == 404
    assert page(ben).get(f"/?client={theirs.client_id}").content.decode().count("Harbour") == 0


def test_a_key_of_a_limited_member_or_limited_itself_reads_those_clients_only(
    ana: Actor, mention: Mention, theirs: Mention, brand: Client, api: Callable[..., Api]
) -> None:
    made = api(ana).post(
        "/api/v1/keys/", {"name": "Brightwater's portal", "rights": ["read"], "clients": [str(brand.pk)]}
    )
    assert (made.status_code, made.json()["clients"]) == (201, [str(brand.pk)])
    portal = Api(made.json()["token"])
    assert [row["id"] for row in portal.get("/api/v1/mentions/").json()["results"]] == [str(mention.pk)]
    assert [row["name"] for row in portal.get("/api/v1/clients/").json()["results"]] == ["Brightwater"]
    assert portal.get(f"/api/v1/mentions/{theirs.pk}/").status_code == 404
    assert portal.get(f"/api/v1/posts/{theirs.post_id}/").status_code == 404
    assert portal.get(f"/api/v1/posts/{mention.post_id}/").status_code == 200
    assert portal.get("/api/v1/me/").json()["clients"] == [str(brand.pk)]


def test_a_key_is_cut_to_its_makers_clients_from_the_moment_that_they_are_limited(
    ana: Actor, cleo: Actor, brand: Client, theirs: Mention, clock: Clock, api: Callable[..., Api]
) -> None:
    key = api(ana, "read", "keys")
    assert key.get(f"/api/v1/mentions/{theirs.pk}/").status_code == 200
    Membership.objects.filter(pk=ana.id).update(role="manager", client_ids=[brand.pk])
    assert key.get(f"/api/v1/mentions/{theirs.pk}/").status_code == 404
    assert key.get("/api/v1/keys/").status_code == 403


def test_posts_and_events_of_other_clients_are_out_of_sight(
    ana: Actor,
    mara: Actor,
    brand: Client,
    mention: Mention,
    theirs: Mention,
    page: Callable[[Actor], Browser],
) -> None:
    commit_checks()
    told = page(mara).get("/api/v1/events/").json()["results"]
    about = {event["data"]["subject"]["id"] for event in told}
    assert about & {str(theirs.pk), str(theirs.client_id)} == set()
    assert str(brand.pk) in about
    assert page(mara).get(f"/api/v1/posts/{theirs.post_id}/").status_code == 404


def test_a_limited_manager_manages_their_clients_and_nothing_that_all_share(
    ana: Actor,
    mara: Actor,
    brand: Client,
    other: Client,
    clock: Clock,
    page: Callable[[Actor], Browser],
) -> None:
    with tenant(ana.agency_id):
        shared = add_template(client=None, name="Thanks", kind="other", text="Hi", by=ana, now=clock.now)
        source = add_source(
            kind="feed",
            name="The town's paper",
            settings={"url": "https://town.example/feed.xml"},
            every=timedelta(minutes=5),
            client=None,
            by=ana,
            now=clock.now,
        )
    browser = page(mara)
    assert browser.get(f"/clients/{brand.pk}/edit/").status_code == 200
    assert browser.get(f"/clients/{other.pk}/edit/").status_code == 404
    # What all share is seen and used, not changed.
    assert "The town" in browser.get("/sources/").content.decode()
    assert "Thanks" in browser.get("/playbook/").content.decode()
    for path in (
        f"/sources/{source.pk}/edit/",
        f"/playbook/{shared.pk}/",
        "/clients/add/",
    ):
        assert browser.get(path).status_code == 403, path
    assert browser.get("/settings/promises/").status_code == 200
    for path in (f"/sources/{source.pk}/pause/", f"/sources/{source.pk}/delete/", "/settings/promises/"):
        assert browser.post(path).status_code == 403, path
    assert f"/sources/{source.pk}/edit/" not in browser.get(f"/sources/{source.pk}/").content.decode()
    assert "/clients/add/" not in browser.get("/clients/").content.decode()


def test_who_does_not_work_for_a_client_gets_none_of_its_mentions(
    ana: Actor,
    ben: Actor,
    ivo: Actor,
    theirs: Mention,
    api: Callable[..., Api],
    page: Callable[[Actor], Browser],
) -> None:
    key = api(ana, "read", "respond")
    path = f"/api/v1/mentions/{theirs.pk}/claim/"
    for member, sentence in ((ben, "doesn't work for this client"), (ivo, "only reads")):
        refused = key.post(path, {"version": 1, "assignee": str(member.id)})
        assert refused.status_code == 400
        assert sentence in refused.json()["errors"][0]["detail"]
    assert key.post(path, {"version": 1, "assignee": str(ana.id)}).status_code == 200
    offered = page(ana).get(f"/mentions/{theirs.pk}/").content.decode()
    assert str(ben.id) not in offered


def test_an_owner_limits_a_member_on_the_team_page(
    ana: Actor, ivo: Actor, brand: Client, other: Client, page: Callable[[Actor], Browser]
) -> None:
    browser = page(ana)
    form = browser.get(f"/team/{ivo.id}/clients/").content.decode()
    assert "Clients that Ivo works for" in form
    assert "Harbour Books" in form
    answer: Any = browser.post(f"/team/{ivo.id}/clients/", {"clients": [str(brand.pk)]}, follow=True)
    assert "Ivo works for Brightwater now." in answer.content.decode()
    assert Membership.objects.get(pk=ivo.id).client_ids == [brand.pk]
    with tenant(ana.agency_id):
        entry = AuditEntry.objects.get(action="member.limited")
    assert entry.details == {"works_for": [None, [str(brand.pk)]]}
    assert "all clients → Brightwater" in page(ana).get("/activity/").content.decode()
    browser.post(f"/team/{ivo.id}/clients/", {})
    assert Membership.objects.get(pk=ivo.id).client_ids is None


def test_an_invitation_can_be_for_some_clients(
    ana: Actor, brand: Client, page: Callable[[Actor], Browser]
) -> None:
    invited = {
        "email": "kim@northlight.example",
        "name": "Kim",
        "role": "responder",
        "clients": [str(brand.pk)],
    }
    assert page(ana).post("/team/", invited).status_code == 303
    assert Membership.objects.get(user__email="kim@northlight.example").client_ids == [brand.pk]


def test_owners_work_for_all_clients(
    ana: Actor, ben: Actor, brand: Client, clock: Clock, api: Callable[..., Api]
) -> None:
    refused = api(ana).patch(f"/api/v1/members/{ana.id}/", {"clients": [str(brand.pk)]})
    assert refused.status_code == 400
    assert "An owner works for all clients" in refused.json()["errors"][0]["detail"]
    with tenant(ana.agency_id):
        change_role(Membership.objects.get(pk=ben.id), role="owner", by=ana, now=clock.now)
    assert Membership.objects.get(pk=ben.id).client_ids is None


@pytest.mark.parametrize("clients", [[], ["0195677c-0a54-7000-8d2f-0f3c9a6b1e08"], "foreign"])
def test_a_limit_names_clients_that_there_are(
    ana: Actor, ivo: Actor, cleo: Actor, clock: Clock, api: Callable[..., Api], clients: Any
) -> None:
    with tenant(cleo.agency_id):
        foreign = create_client(name="Theirs", time_zone="UTC", language="en", by=cleo, now=clock.now)
    given = [str(foreign.pk)] if clients == "foreign" else clients
    for call in (
        lambda: api(ana).patch(f"/api/v1/members/{ivo.id}/", {"clients": given}),
        lambda: api(ana).post("/api/v1/keys/", {"name": "k", "rights": ["read"], "clients": given}),
    ):
        refused = call()
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["pointer"] == "/clients"


def test_work_of_the_machine_is_not_limited_by_who_entered_before(ben: Actor, brand: Client) -> None:
    with tenant(ben.agency_id, clients=ben.clients):
        assert Client.objects.count() == 1
        with tenant(ben.agency_id):  # a savepoint of the same work keeps the limit
            assert Client.objects.count() == 1
    with tenant(ben.agency_id):
        assert Client.objects.filter(pk=brand.pk).exists()


def test_a_limited_actor_is_refused_in_the_action_even_with_a_row_in_hand(
    ana: Actor, mara: Actor, other: Client, clock: Clock
) -> None:
    with tenant(ana.agency_id), pytest.raises(Invalid):
        limit_member(
            Membership.objects.get(pk=mara.id), clients=[], known=known_clients(ana), by=ana, now=clock.now
        )


# Posts that are mentions of several clients: whose source it was that found them --------------------------------


@pytest.fixture
def feed_of_other(ana: Actor, other: Client, clock: Clock) -> Source:
    with tenant(ana.agency_id):
        return _add_feed("Harbour crisis watch", other, by=ana, clock=clock)


def _add_feed(name: str, client: Client | None, *, by: Actor, clock: Clock) -> Source:
    return add_source(
        kind="feed",
        name=name,
        settings={"url": "https://town.example/feed.xml"},
        every=timedelta(minutes=5),
        client=client,
        by=by,
        now=clock.now,
    )


@pytest.fixture
def found_by_other(feed_of_other: Source, brand: Client, clock: Clock) -> Mention:
    """Brightwater's mention of a post that the other client's own source brought first."""
    with tenant(brand.agency_id):
        return make_mention(brand, now=clock.now, source=feed_of_other)


def test_a_source_of_another_client_is_not_named_with_the_post_that_it_found(
    ana: Actor, ben: Actor, mara: Actor, found_by_other: Mention, page: Callable[[Actor], Browser]
) -> None:
    mention, post = f"/mentions/{found_by_other.pk}/", f"/api/v1/posts/{found_by_other.post_id}/"
    for path in (mention, post, f"/api/v1{mention}"):
        told = page(ben).get(path)
        assert (told.status_code, "Harbour" in told.content.decode()) == (200, False)
        assert "Harbour" in page(ana).get(path).content.decode()
    for actor in (mara, ana):  # a pack is handed to the client, whoever takes it
        packed = b"".join(page(actor).post(f"{mention}evidence/").streaming_content)  # type: ignore[attr-defined]
        with zipfile.ZipFile(io.BytesIO(packed)) as pack:
            assert not any(b"Harbour" in pack.read(name) for name in pack.namelist())


def test_a_mention_that_another_clients_source_found_is_answered_by_hand(
    ben: Actor, found_by_other: Mention, page: Callable[[Actor], Browser]
) -> None:
    browser = page(ben)
    mention = f"/api/v1/mentions/{found_by_other.pk}"
    assert browser.post(f"{mention}/claim/", {"version": 1}, "application/json").status_code == 200
    text = {"text": "We are sorry.", "version": 2}
    drafted = browser.post(f"{mention}/draft/", text, "application/json")
    assert drafted.status_code in {200, 201}
    with tenant(ben.agency_id):
        assert Version.objects.get(response__mention=found_by_other).lane == BY_HAND


def test_a_limited_manager_deletes_a_source_whose_posts_are_mentions_of_others_too(
    ana: Actor, mara: Actor, brand: Client, other: Client, clock: Clock, page: Callable[[Actor], Browser]
) -> None:
    with tenant(ana.agency_id):
        source = _add_feed("Ours", brand, by=ana, clock=clock)
        found = make_mention(other, now=clock.now, source=source)
    assert page(mara).post(f"/sources/{source.pk}/delete/").status_code == 303
    commit_checks()
    with tenant(ana.agency_id):
        assert Post.objects.get(pk=found.post_id).source_id is None


def test_a_limited_manager_reads_no_names_of_keys_that_are_for_others(
    ana: Actor, mara: Actor, other: Client, page: Callable[[Actor], Browser], clock: Clock
) -> None:
    with tenant(ana.agency_id):
        make_key(
            name="Harbour's portal",
            rights=["read"],
            expires_at=None,
            clients=[other.pk],
            by=ana,
            now=clock.now,
        )
    assert "Harbour" in page(ana).get("/activity/").content.decode()
    assert "Harbour" not in page(mara).get("/activity/").content.decode()


def test_a_shared_source_counts_the_mentions_of_their_clients_only(
    ben: Actor, ana: Actor, mention: Mention, theirs: Mention, clock: Clock
) -> None:
    with tenant(ana.agency_id):
        source = _add_feed("City news", None, by=ana, clock=clock)
        Post.objects.filter(pk__in=[mention.post_id, theirs.post_id]).update(source=source)
        read = {"started_at": clock.now, "finished_at": clock.now, "outcome": "read"}
        SourceRead.objects.create(source=source, posts=2, mentions=2, **read)
        assert found_by_source([source.pk], by=ana, now=clock.now)[source.pk] == Found(2, 2)
    with tenant(ana.agency_id, clients=ben.clients):
        assert found_by_source([source.pk], by=ben, now=clock.now)[source.pk] == Found(2, 1)
