import json
import socket
import time
from datetime import UTC, datetime, timedelta

import pytest

from agency.http import Client, Limits
from mentions.platforms.base import Ambiguous, PlatformError, ReplyRequest, SourceConfig
from mentions.platforms.registry import PLATFORMS, get_platform
from tests.loopback import answer, serving


@pytest.fixture
def http():
    return Client(allow_loopback=True, limits=Limits(total_seconds=1.0, connect_seconds=0.5))


def feed_of(*names: str) -> str:
    items = "".join(f"<item><title>{name}</title><link>/{name}</link></item>" for name in names)
    return f'<rss version="2.0"><channel><title>Blog</title>{items}</channel></rss>'


def fetch(url, cursor, http, kind="feed"):
    source = SourceConfig(kind=kind, settings={"url": url})
    return get_platform(kind).fetch(source, cursor=cursor, http=http)


def titles(page):
    return [entry.title for entry in page.entries]


class TestEveryPlatform:
    @pytest.mark.parametrize("kind", PLATFORMS)
    def test_it_knows_its_kind_and_names_missing_settings(self, kind):
        platform = get_platform(kind)
        assert platform.kind == kind
        assert "url" in platform.check_settings({})
        assert "url" in platform.check_settings({"url": "javascript:alert(1)"})
        assert "url" in platform.check_settings({"url": 5})

    def test_good_settings_have_no_problem(self):
        assert get_platform("feed").check_settings({"url": "https://blog.example/feed"}) == {}
        assert get_platform("loopback").check_settings({"url": "http://a/", "reply_url": "http://b/"}) == {}
        assert get_platform("loopback").check_settings({"url": "http://a/", "reply_url": "b"}) == {
            "reply_url": "The address must begin with http:// or https://."
        }

    def test_an_unknown_kind_is_a_key_error(self):
        with pytest.raises(KeyError):
            get_platform("carrier-pigeon")

    def test_a_feed_can_not_be_replied_to(self, http):
        platform, request = get_platform("feed"), ReplyRequest("Hi", "https://x/", "url:https://x/")
        assert not platform.capabilities.publish
        for call in (platform.publish, platform.read_back):
            with pytest.raises(PlatformError) as caught:
                call(request, key="k", http=http)
            assert (caught.value.code, caught.value.retryable) == ("not_supported", False)


@pytest.mark.parametrize("kind", ["feed", "loopback"])
class TestFetching:
    def test_only_what_was_not_seen_is_returned(self, http, kind):
        served = [feed_of("one", "two")]
        with serving(lambda asked: answer(served[0])) as server:
            first = fetch(server.url, {}, http, kind)
            again = fetch(server.url, first.cursor, http, kind)
            served[0] = feed_of("three", "two", "one")
            third = fetch(server.url, json.loads(json.dumps(again.cursor)), http, kind)
        assert (titles(first), first.title, first.status) == (["one", "two"], "Blog", 200)
        assert titles(again) == []
        assert titles(third) == ["three"]
        assert len(third.cursor["seen"]) == 3

    def test_an_unchanged_feed_is_not_sent_again(self, http, kind):
        def respond(asked):
            if asked.headers.get("if-none-match") == '"v1"':
                return answer(status=304, headers={"ETag": '"v1"'})
            return answer(feed_of("one"), headers={"ETag": '"v1"', "Last-Modified": "yesterday"})

        with serving(respond) as server:
            first = fetch(server.url, {}, http, kind)
            again = fetch(server.url, first.cursor, http, kind)
        assert (again.not_modified, again.entries, again.status) == (True, (), 304)
        assert again.cursor == first.cursor
        assert server.asked[1].headers["if-modified-since"] == "yesterday"
        assert "atom+xml" in server.asked[0].headers["accept"]

    def test_a_new_validator_with_the_same_entries_brings_none(self, http, kind):
        tags = iter(['"v1"', '"v2"'])
        with serving(lambda asked: answer(feed_of("one"), headers={"ETag": next(tags)})) as server:
            first = fetch(server.url, {}, http, kind)
            again = fetch(server.url, first.cursor, http, kind)
        assert (titles(again), again.not_modified) == ([], False)
        assert again.cursor["etag"] == '"v2"'

    def test_validators_of_another_address_are_not_used(self, http, kind):
        with serving(lambda asked: answer(feed_of("one"), headers={"ETag": '"v1"'})) as server:
            first = fetch(f"{server.url}/old", {}, http, kind)
            moved = fetch(f"{server.url}/new", first.cursor, http, kind)
        assert "if-none-match" not in server.asked[1].headers
        assert titles(moved) == []

    def test_the_cursor_keeps_the_newest_two_thousand(self, http, kind):
        old = {"seen": [f"{n:016x}" for n in range(2_000)]}
        with serving(lambda asked: answer(feed_of("new"))) as server:
            page = fetch(server.url, old, http, kind)
        assert len(page.cursor["seen"]) == 2_000
        assert page.cursor["seen"][1:] == old["seen"][:-1]

    @pytest.mark.parametrize("cursor", [{"seen": None}, {"seen": [1, {}]}, {"etag": 5}, {"x": "y"}])
    def test_a_cursor_of_another_make_has_seen_nothing(self, http, kind, cursor):
        with serving(lambda asked: answer(feed_of("one"))) as server:
            assert titles(fetch(server.url, {**cursor, "url": server.url}, http, kind)) == ["one"]

    @pytest.mark.parametrize(
        ("status", "code", "retryable"),
        [
            (401, "forbidden", True),
            (403, "forbidden", True),
            (404, "not_found", True),
            (410, "gone", False),
            (418, "unexpected_status", True),
            (429, "rate_limited", True),
            (500, "server_error", True),
            (503, "server_error", True),
        ],
    )
    def test_a_refusal_says_what_and_whether_to_try_again(self, http, kind, status, code, retryable):
        with serving(lambda asked: answer(status=status)) as server, pytest.raises(PlatformError) as caught:
            fetch(server.url, {}, http, kind)
        assert (caught.value.code, caught.value.retryable) == (code, retryable)
        assert caught.value.retry_after is None
        assert caught.value.sentence.endswith(".")

    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("120", 120),
            ("0", 0),
            ("99999999999999", 86_400),
            ("Wed, 21 Oct 2026 07:30:00 GMT", 1_800),
            ("Wed, 21 Oct 2015 07:30:00 GMT", 0),
            ("soon", None),
            ("Wed, 21 Oct 99999999999999999999 07:30:00 GMT", None),
            ("Wed, 21 Oct 2026 07:30:00 +99999999999999999", None),
            ("-5", None),
            ("١٢", None),
            ("", None),
        ],
    )
    def test_the_servers_wish_to_wait_is_handed_on(self, http, kind, value, seconds):
        headers = {"Retry-After": value.encode().decode("latin-1"), "Date": "Wed, 21 Oct 2026 07:00:00 GMT"}
        with (
            serving(lambda asked: answer(status=503, headers=headers)) as server,
            pytest.raises(PlatformError) as caught,
        ):
            fetch(server.url, {}, http, kind)
        assert caught.value.retry_after == seconds

    @pytest.mark.parametrize(
        ("body", "code"),
        [("<html>hello</html>", "not_a_feed"), ("<rss><chan", "malformed"), ("", "empty")],
    )
    def test_what_is_no_feed_is_the_sources_error(self, http, kind, body, code):
        with serving(lambda asked: answer(body)) as server, pytest.raises(PlatformError) as caught:
            fetch(server.url, {}, http, kind)
        assert (caught.value.code, caught.value.retryable) == (code, True)

    @pytest.mark.parametrize(
        ("location", "code", "retryable"),
        [
            ("http://10.0.0.1/", "refused_address", False),
            ("ftp://x/", "bad_url", False),
            ("/", "too_many_redirects", True),
        ],
    )
    def test_what_the_client_refuses_keeps_its_code(self, http, kind, location, code, retryable):
        with (
            serving(lambda asked: answer(status=302, headers={"Location": location})) as server,
            pytest.raises(PlatformError) as caught,
        ):
            fetch(server.url, {}, http, kind)
        assert (caught.value.code, caught.value.retryable) == (code, retryable)


class Desk:
    """A platform's reply endpoint: takes each key once, and misbehaves as it is told to."""

    def __init__(self) -> None:
        self.replies: dict[str, dict] = {}
        self.before = self.after = None

    def __call__(self, asked):
        if asked.method == "GET":
            key = asked.path.partition("key=")[2]
            return answer(json.dumps(self._receipt(key))) if key in self.replies else answer(status=404)
        if self.before:
            return self.before(asked)
        reply = json.loads(asked.body)
        assert asked.headers["idempotency-key"] == reply["key"]
        status = 200 if reply["key"] in self.replies else 201
        self.replies[reply["key"]] = reply
        return self.after(asked) if self.after else answer(json.dumps(self._receipt(reply["key"])), status)

    def _receipt(self, key):
        return {"id": f"reply-{key}", "url": f"https://demo.example/{key}"}


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def endpoint(desk):
    with serving(desk) as server:
        yield server


@pytest.fixture
def request_(endpoint):
    return ReplyRequest(
        text="Grüße, Acme",
        target_url="https://blog.example/1",
        target_key="url:https://blog.example/1",
        settings={"url": "http://unused/", "reply_url": f"{endpoint.url}/replies?x=1"},
    )


def publish(request, http, key="k1"):
    return get_platform("loopback").publish(request, key=key, http=http)


def read_back(request, http, key="k1"):
    return get_platform("loopback").read_back(request, key=key, http=http)


class TestReplying:
    def test_a_reply_is_posted_and_gets_a_receipt(self, desk, request_, http):
        receipt = publish(request_, http)
        assert (receipt.external_id, receipt.url) == ("reply-k1", "https://demo.example/k1")
        assert datetime.now(UTC) - receipt.at < timedelta(seconds=10)
        assert desk.replies == {
            "k1": {"in_reply_to": "https://blog.example/1", "text": "Grüße, Acme", "key": "k1"}
        }

    def test_the_same_key_again_gets_the_same_receipt(self, desk, request_, http):
        assert publish(request_, http).external_id == publish(request_, http).external_id
        assert len(desk.replies) == 1

    def test_what_was_posted_can_be_read_back_and_nothing_else(self, request_, http):
        publish(request_, http)
        assert read_back(request_, http).url == "https://demo.example/k1"
        assert read_back(request_, http, key="k2") is None

    def test_a_connection_that_drops_after_sending_is_ambiguous_and_found_by_reading_back(
        self, desk, request_, http
    ):
        desk.after = lambda asked: b""
        with pytest.raises(Ambiguous, match="Nobody knows") as caught:
            publish(request_, http)
        assert not caught.value.retryable
        assert read_back(request_, http).external_id == "reply-k1"

    def test_a_time_out_after_sending_is_ambiguous(self, desk, request_, http):
        desk.before = lambda asked: time.sleep(1.5)
        with pytest.raises(Ambiguous) as caught:
            publish(request_, http)
        assert caught.value.code == "timeout"
        assert read_back(request_, http) is None

    @pytest.mark.parametrize("body", ["", "ok", "[]", '{"id": "1"}', "null"])
    def test_a_success_without_a_readable_receipt_is_ambiguous(self, desk, request_, http, body):
        desk.after = lambda asked: answer(body, 201)
        with pytest.raises(Ambiguous) as caught:
            publish(request_, http)
        assert caught.value.code == "bad_receipt"

    @pytest.mark.parametrize(
        ("status", "code", "retryable"),
        [
            (400, "rejected", False),
            (404, "rejected", False),
            (422, "rejected", False),
            (307, "rejected", False),
            (429, "rate_limited", True),
            (503, "server_error", True),
        ],
    )
    def test_a_refusal_is_certain(self, desk, request_, http, status, code, retryable):
        desk.before = lambda asked: answer(status=status, headers={"Retry-After": "7", "Location": "/"})
        with pytest.raises(PlatformError) as caught:
            publish(request_, http)
        assert not isinstance(caught.value, Ambiguous)
        assert (caught.value.code, caught.value.retryable) == (code, retryable)
        assert caught.value.retry_after == 7

    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_a_server_that_broke_may_have_posted(self, desk, request_, http, status):
        desk.after = lambda asked: answer(status=status)
        with pytest.raises(Ambiguous) as caught:
            publish(request_, http)
        assert caught.value.code == "server_error"
        assert read_back(request_, http).external_id == "reply-k1"

    def test_a_platform_that_is_down_was_certainly_not_told(self, http):
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        request = ReplyRequest("Hi", "https://x/", "k", {"reply_url": f"http://127.0.0.1:{port}/"})
        with pytest.raises(PlatformError) as caught:
            publish(request, http)
        assert not isinstance(caught.value, Ambiguous)
        assert (caught.value.code, caught.value.retryable) == ("unreachable", True)
        with pytest.raises(PlatformError):
            read_back(request, http)

    def test_an_answer_that_is_no_receipt_is_not_taken_for_absence(self, http):
        request = ReplyRequest("Hi", "https://x/", "k", {})
        for reply in (answer("", 500), answer("what?", 200)):
            with serving(lambda asked, reply=reply: reply) as server:
                request = ReplyRequest("Hi", "https://x/", "k", {"reply_url": server.url})
                with pytest.raises(PlatformError):
                    read_back(request, http)

    def test_a_receipt_links_only_where_a_person_may_go(self, desk, request_, http):
        desk.after = lambda asked: answer('{"id": 7, "url": "javascript:alert(1)"}', 201)
        assert publish(request_, http).url == ""
        assert publish(request_, http).external_id == "7"
