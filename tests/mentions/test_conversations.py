"""What belongs to one conversation: what feeds say of it, and that the order of reading makes no difference."""

from collections.abc import Callable
from itertools import combinations

import pytest
from django.test import Client as Browser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agency.actor import Actor
from agency.errors import Invalid
from agency.models import AuditEntry
from agency.tenancy import tenant
from clients.models import Client
from mentions.accounts import account_digest, digest_of_author
from mentions.actions.own_accounts import set_own_accounts
from mentions.actions.threads import hold_threads, note_names, old_names, threads_of
from mentions.feeds.entries import DEFAULT_LIMITS, Entry, entry_from_json, entry_to_json
from mentions.feeds.read import read_feed
from mentions.models import OwnAccount, ThreadKey
from tests.fixtures import Api, Clock

THREADING = 'xmlns:thr="http://purl.org/syndication/thread/1.0"'


def _entries(body: str) -> list[Entry]:
    feed = read_feed(body.encode(), content_type="", base_url="https://a.example/feed", limits=DEFAULT_LIMITS)
    return [entry_from_json(entry_to_json(entry)) for entry in feed.entries]


def _rss(*items: str) -> list[Entry]:
    return _entries(f'<rss version="2.0" {THREADING}><channel>{"".join(items)}</channel></rss>')


def test_an_atom_feed_says_what_an_entry_answers_under_whatever_prefix() -> None:
    (entry,) = _entries(
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:t="http://purl.org/syndication/thread/1.0"><entry>'
        '<id>tag:a.example,2026:2</id><title>x</title><t:in-reply-to ref="tag:a.example,2026:1" href="/1"/>'
        "</entry></feed>"
    )
    assert entry.in_reply_to == "https://a.example/1"
    assert entry.answers == ("id:tag:a.example,2026:1", "url:https://a.example/1")
    assert entry.conversation == ""


def test_what_an_entry_answers_has_the_key_that_its_own_entry_has() -> None:
    """WordPress names the post by its row number and its address, and so does the comment."""
    post, comment = _rss(
        "<item><guid>https://a.example/?p=7</guid><link>https://a.example/post/</link><title>p</title></item>",
        "<item><guid>https://a.example/post/#comment-5</guid><link>https://a.example/post/#comment-5</link>"
        '<title>c</title><thr:in-reply-to ref="https://a.example/?p=7" href="https://a.example/post/"/></item>',
    )
    assert comment.answers[0] == post.key
    assert comment.conversation == post.key


def test_a_place_on_a_page_is_part_of_the_pages_discussion() -> None:
    one, two, app, home = _rss(
        *(
            f"<item><guid>https://a.example/{at}</guid><link>https://a.example/{at}</link><title>c</title></item>"
            for at in ("post/#comment-5", "post/?utm_source=x#comment-6", "#!/post/7", "#comment-8")
        )
    )
    assert one.conversation == two.conversation == "url:https://a.example/post/"
    assert (app.conversation, home.conversation) == ("", "")


def test_a_page_that_many_items_name_for_their_comments_is_none_of_theirs() -> None:
    one, two, three = _rss(
        *(
            f"<item><guid>https://a.example/{n}</guid><link>https://a.example/{n}</link><title>c</title>"
            f"<comments>https://a.example/talk/{at}</comments></item>"
            for n, at in ((1, "1#c"), (2, "all"), (3, "all"))
        )
    )
    assert one.conversation == "url:https://a.example/talk/1"
    assert (two.conversation, three.conversation) == ("", "")


@pytest.mark.parametrize(
    "said",
    [
        "<thr:in-reply-to/>",
        '<thr:in-reply-to ref=""/>',
        '<thr:in-reply-to href="javascript:alert(1)"/>',
        '<thr:in-reply-to ref="https://a.example/1"/>',  # itself
        "<thr:in-reply-to>https://a.example/2</thr:in-reply-to>",
        "<comments>http://[</comments>",
        "<description>@pauls in reply to https://a.example/2</description>",
    ],
)
def test_what_names_nothing_answers_nothing(said: str) -> None:
    (entry,) = _rss(
        f"<item><guid>https://a.example/1</guid><link>https://a.example/1</link><title>c</title>{said}</item>"
    )
    assert (entry.answers, entry.conversation) == ((), "")


def test_a_hostile_reference_is_bounded() -> None:
    (entry,) = _rss(
        f'<item><guid>1</guid><title>c</title><thr:in-reply-to ref="{"x" * 100_000}" href="/{"y" * 100_000}"/></item>'
    )
    assert all(len(key) <= 600 for key in entry.answers)


# Groups ----------------------------------------------------------------------------------------------

Said = tuple[str, tuple[str, ...], str]  # a name, what it answers, its page
NAMES = st.sampled_from("abcdefghij")
SAID = st.tuples(NAMES, st.lists(NAMES, max_size=2).map(tuple), st.one_of(st.just(""), st.sampled_from("PQ")))


def _expected(all_said: list[Said]) -> set[frozenset[str]]:
    """The groups, the slow way."""
    groups = [{name, *answers, *page} for name, answers, page in all_said if answers or page]
    while joined := next(((a, b) for a, b in combinations(groups, 2) if a & b), None):
        groups.remove(joined[1])
        joined[0].update(joined[1])
    return {frozenset(group) for group in groups}


def _stored() -> set[frozenset[str]]:
    found: dict[object, set[str]] = {}
    for name, thread in ThreadKey.objects.values_list("key_hash", "thread"):
        found.setdefault(thread, set()).add(name)
    return {frozenset(names) for names in found.values()}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(all_said=st.lists(SAID, max_size=12), data=st.data())
def test_the_order_of_reading_makes_no_difference(
    inside: None, clock: Clock, all_said: list[Said], data: st.DataObject
) -> None:
    """Loops, parents that come later or never, and pages of any size among them."""
    for _ in range(2):
        ThreadKey.objects.all().delete()
        ahead = data.draw(st.permutations(all_said))
        while ahead:
            size = data.draw(st.integers(1, len(ahead)))
            page, ahead = ahead[:size], ahead[size:]
            hold_threads(change=True)
            parents: dict[str, list[str]] = {}
            pages: dict[str, str] = {}
            for name, answers, of in page:
                # A feed holds an entry once.
                if name in parents or not (answers or of):
                    note_names(
                        {name: answers} if answers or of else {}, {name: of} if of else {}, now=clock.now
                    )
                    continue
                parents[name] = [answer for answer in answers if answer != name]
                pages |= {name: of} if of else {}
            note_names(parents, pages, now=clock.now)
        assert _stored() == _expected(all_said)


def test_a_chain_of_thousands_is_one_conversation_and_quick(inside: None, clock: Clock) -> None:
    names = [f"{n:064}" for n in range(2000)]
    for begin in range(0, 2000, 1000):
        page = range(begin, begin + 1000)
        note_names({names[n]: [names[(n + 1) % 2000]] for n in page}, {}, now=clock.now)  # and it is a loop
    assert len(set(threads_of(names).values())) == 1


def test_names_of_what_nobody_keeps_are_forgotten_after_a_while(inside: None, clock: Clock) -> None:
    note_names({"a": ["b"]}, {}, now=clock.now)
    assert old_names(before=clock.now).count() == 0
    assert old_names(before=clock.advance(days=90)).count() == 2


# Own accounts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "name", "url", "same"),
    [
        ("https://forum.example/users/Brightwater/", "x", "http://www.forum.example/users/brightwater", True),
        (
            "forum.example/users/brightwater",
            "x",
            "https://forum.example/users/brightwater?utm_source=a",
            True,
        ),
        ("https://forum.example/users/brightwater", "x", "https://forum.example/users/brightwater2", False),
        ("@Brightwater  Coffee", "brightwater coffee", "", True),
        ("Brightwater", "Brightwater", "https://forum.example/users/anybody", False),
        ("Brightwater", "", "", False),
    ],
)
def test_an_account_is_known_by_its_address_and_by_its_name_only_without_one(
    typed: str, name: str, url: str, same: bool
) -> None:
    assert (account_digest(typed) == digest_of_author(name=name, url=url)) is same


def test_own_accounts_are_kept_on_a_page_and_in_the_log(
    brand: Client, mara: Actor, ivo: Actor, page: Callable[[Actor], Browser]
) -> None:
    url = f"/clients/{brand.pk}/accounts/"
    sent = {
        "accounts": "https://forum.example/users/brightwater\n\n@brightwater\nforum.example/users/Brightwater/"
    }
    assert page(mara).post(url, sent).status_code == 303
    shown = page(ivo).get(f"/clients/{brand.pk}/").content.decode()
    assert "https://forum.example/users/brightwater" in shown
    assert url not in shown
    assert page(ivo).get(url).status_code == 403
    with tenant(brand.agency_id):
        assert OwnAccount.objects.count() == 2
        entry = AuditEntry.objects.get(action="client.accounts_changed")
        assert entry.details["accounts"] == [[], ["@brightwater", "https://forum.example/users/brightwater"]]
    refused = page(mara).post(url, {"accounts": "https://facebook.com/"})
    assert refused.status_code == 422
    assert "a whole site" in refused.content.decode()


def test_own_accounts_are_kept_by_the_api(
    brand: Client, mara: Actor, ivo: Actor, api: Callable[..., Api]
) -> None:
    path = f"/api/v1/clients/{brand.pk}/own-accounts/"
    told = api(mara).put(path, {"accounts": ["@brightwater"]}).json()
    assert [row["account"] for row in told["accounts"]] == ["@brightwater"]
    assert api(ivo).get(path).json() == told
    assert api(ivo).put(path, {"accounts": []}).status_code == 403
    wrong = api(mara).put(path, {"accounts": ["http://["]}).json()
    assert [error["pointer"] for error in wrong["errors"]] == ["/accounts"]
    assert api(mara).put(path, {"accounts": []}).json() == {"accounts": []}


def test_too_many_accounts_are_refused(inside: None, brand: Client, mara: Actor, clock: Clock) -> None:
    with pytest.raises(Invalid) as refused:
        set_own_accounts(client=brand, accounts=[f"@a{n}" for n in range(101)], by=mara, now=clock.now)
    assert "at most 100" in refused.value.fields["accounts"]
