import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.http import Client
from mentions.feeds.entries import DEFAULT_LIMITS, FeedError, Limits
from mentions.feeds.keys import canonical_link, entry_key, unwrap
from mentions.feeds.parse import parse_feed
from mentions.feeds.read import read_feed
from mentions.feeds.sniff import Kind, decode, find_feed
from tests.loopback import answer, serving

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "feeds"
BASE = "https://blog.example/feeds/all.xml"


def parse(body: str | bytes, content_type: str = "", **options):
    """In a process of its own, as the application does it."""
    body = body.encode() if isinstance(body, str) else body
    return parse_feed(body, content_type=content_type, base_url=BASE, **options)


def read(body: str | bytes, content_type: str = "", limits: Limits = DEFAULT_LIMITS):
    """The same without the process."""
    body = body.encode() if isinstance(body, str) else body
    return read_feed(body, content_type=content_type, base_url=BASE, limits=limits)


def rss(*items: str, channel: str = "<title>Blog</title>") -> str:
    inner = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{channel}{inner}</channel></rss>'


def only(body: str | bytes, **options):
    (entry,) = read(body, **options).entries
    return entry


class TestFormats:
    def test_rss_2(self):
        entry = only(
            rss(
                """<title>Acme &amp;amp; sons</title><link>/2024/acme?utm_source=rss</link>
                <guid isPermaLink="false">12</guid>
                <description>&lt;p&gt;They &lt;b&gt;answered&lt;/b&gt;.&lt;/p&gt;&lt;p&gt;At last.
                </description><author>ana@blog.example (Ana Alba)</author>
                <pubDate>Wed, 6 Apr 2022 23:07:47 +0200</pubDate>""",
                channel="<title>Blog</title><language>en-us</language>",
            )
        )
        assert entry.title == "Acme & sons"
        assert entry.text == "Acme & sons\n\nThey answered.\n\nAt last."
        assert entry.url == "https://blog.example/2024/acme?utm_source=rss"
        assert entry.key == "url:https://blog.example/2024/acme"
        assert entry.author_name == "Ana Alba"
        assert entry.published_at == datetime(2022, 4, 6, 21, 7, 47, tzinfo=UTC)
        assert entry.language == "en-us"

    def test_rss_0_91_with_its_doctype_which_is_never_fetched(self):
        with serving(lambda asked: answer("<!ENTITY x 'y'>")) as server:
            feed = read(
                f"""<?xml version="1.0"?>
                <!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
                 "{server.url}/rss-0.91.dtd">
                <rss version="0.91"><channel><title>Caf&eacute;</title><item><title>One&nbsp;two</title>
                <link>https://blog.example/1</link></item></channel></rss>"""
            )
        assert feed.title == "Café"
        assert feed.entries[0].title == "One\u00a0two"
        assert not server.asked

    def test_rss_1(self):
        entry = only(
            """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
            xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
            <channel rdf:about="x"><title>Old</title></channel>
            <item rdf:about="https://old.example/1"><title>One</title>
            <link>https://old.example/1</link><dc:creator>Ben</dc:creator>
            <dc:date>2005-01-02T03:04:05+01:00</dc:date></item></rdf:RDF>"""
        )
        assert (entry.key, entry.author_name) == ("url:https://old.example/1", "Ben")
        assert entry.published_at == datetime(2005, 1, 2, 2, 4, 5, tzinfo=UTC)

    def test_atom(self):
        entry = only(
            """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">
            <author><name>Dora</name><uri>/dora</uri></author><entry>
            <id>tag:blog.example,2024:1</id><title type="html">A &lt;i&gt;title&lt;/i&gt;</title>
            <link rel="edit" href="https://blog.example/edit/1"/><link href="../1"/>
            <summary>short</summary><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">
            <p>Long &amp; <em>whole</em></p><script>no()</script></div></content>
            <updated>2024-02-29T12:00:00Z</updated></entry></feed>"""
        )
        assert (entry.title, entry.text) == ("A title", "A title\n\nLong & whole")
        assert (entry.key, entry.url) == ("id:tag:blog.example,2024:1", "https://blog.example/1")
        assert (entry.author_name, entry.author_url) == ("Dora", "https://blog.example/dora")
        assert (entry.language, entry.published_at) == (
            "de",
            datetime(2024, 2, 29, 12, tzinfo=UTC),
        )

    @pytest.mark.parametrize(
        ("version", "author"),
        [("1", '"author": {"name": "Ana"}'), ("1.1", '"authors": [{"name": "Ana"}]')],
    )
    def test_json_feed(self, version, author):
        feed = read(
            f"""{{"version": "https://jsonfeed.org/version/{version}", "title": "J", "items": [
            {{"id": 7, "url": "/7", "title": "T", "content_html": "<p>One<p>\\ud83d\\ude00\\ud800",
              "date_published": "2024-01-01T00:00:00-02:00", {author}}},
            {{"id": "8", "content_text": "no title\\u0000 here"}}, "nonsense", 5]}}"""
        )
        first, second = feed.entries
        assert (first.key, first.text) == ("url:https://blog.example/7", "T\n\nOne\n\n😀")
        assert (first.author_name, first.published_at) == (
            "Ana",
            datetime(2024, 1, 1, 2, tzinfo=UTC),
        )
        assert (second.key, second.text) == ("id:blog.example:8", "no title here")

    @pytest.mark.parametrize(
        ("encoding", "content_type", "declared"),
        [
            ("utf-8", "text/xml; charset=iso-8859-1", "utf-8"),
            ("utf-8-sig", "", "utf-8"),
            ("utf-16", "", "utf-16"),
            ("utf-16-le", "", "utf-16"),
            ("cp1252", "", "iso-8859-1"),
            ("cp1252", "", "no-such-thing"),
            ("iso8859-15", "text/xml; charset=iso-8859-15", ""),
        ],
    )
    def test_any_encoding_is_read(self, encoding, content_type, declared):
        body = f'<?xml version="1.0" encoding="{declared}"?>' + rss("<title>Café für 5 €</title>")[21:]
        if "8859-1" in declared:
            body = body.replace("5 €", "5\u2009€".replace("\u2009", " "))
        assert only(body.encode(encoding), content_type=content_type).title == "Café für 5 €"

    @pytest.mark.parametrize(
        ("encoding", "text"),
        [
            ("cp1251", "Привет"),
            ("shift_jis", "こんにちは"),
            ("iso2022_jp", "こんにちは"),
            ("gb18030", "你好"),
        ],
    )
    def test_declared_encodings_are_believed_where_it_is_not_utf_8(self, encoding, text):
        body = f'<?xml version="1.0" encoding="{encoding}"?><rss>{text}</rss>'.encode(encoding)
        assert text in decode(body, "")
        assert text in decode(body[body.index(b"<rss") :], f"text/xml; charset={encoding}")

    def test_codecs_that_are_no_encodings_are_not_used(self):
        for name in ("utf-7", "idna", "punycode", "unicode_escape", "zip", "rot13", "../x"):
            assert decode(b"+ADw-\xff", f"text/xml; charset={name}") == "+ADw-ÿ"


class TestEntries:
    def test_a_body_that_begins_with_the_title_is_not_doubled(self):
        item = "<title>Acme never answers my…</title><description>Acme never answers my mail!</description>"
        assert only(rss(item)).text == "Acme never answers my mail!"

    def test_text_is_cut_and_clean(self):
        long = rss("<title>\u202eT\u200b</title><description>" + "word " * 9_000 + "</description>")
        entry = only(long)
        assert entry.title == "T"
        assert 19_990 <= len(entry.text) <= 20_000
        assert len(only(long, limits=Limits(text=50)).text) <= 50

    @pytest.mark.parametrize(
        "date",
        [
            "yesterday",
            "0000-00-00",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "9999-99-99",
            "12",
            "31 Feb 99999",
        ],
    )
    def test_a_nonsense_date_is_none(self, date):
        assert only(rss(f"<title>x</title><pubDate>{date}</pubDate>")).published_at is None

    @pytest.mark.parametrize("date", ["1518478934", "1518478934000"])
    def test_a_unix_time_is_a_date(self, date):
        entry = only(rss(f"<title>x</title><pubDate>{date}</pubDate>"))
        assert entry.published_at == datetime(2018, 2, 12, 23, 42, 14, tzinfo=UTC)

    @pytest.mark.parametrize(
        "link", ["javascript:alert(1)", "data:text/html,x", "ftp://x/y", "http://a:b@x/"]
    )
    def test_an_unsafe_link_is_no_link(self, link):
        entry = only(rss(f"<title>x</title><link>{link}</link><guid isPermaLink='false'>1</guid>"))
        assert (entry.url, entry.key) == ("", "id:blog.example:1")

    def test_where_nobody_is_named_the_site_is_the_author(self):
        entry = only(rss("<title>x</title><link>https://www.news.example/1</link>"))
        assert (entry.author_name, entry.author_url) == (
            "news.example",
            "https://www.news.example/",
        )

    @pytest.mark.parametrize(
        ("author", "name"),
        [
            ("ben@corp.example", "ben"),
            ("ben@corp.example (Ben Berg)", "Ben Berg"),
            ("Ben Berg &lt;ben@corp.example&gt;", "Ben Berg"),
            ("Ben (Berg)", "Ben (Berg)"),
            ("@ben", "@ben"),
        ],
    )
    def test_an_authors_mail_address_is_not_shown(self, author, name):
        assert only(rss(f"<title>x</title><author>{author}</author>")).author_name == name

    def test_entries_that_say_nothing_or_come_twice_are_left_out(self):
        feed = read(rss("", "<title>a</title><link>/1</link>", "<title>b</title><link>/1#x</link>"))
        assert [entry.title for entry in feed.entries] == ["a"]

    def test_only_so_many_entries_are_taken(self):
        items = [f"<title>{n}</title>" for n in range(9)]
        assert len(read(rss(*items), limits=Limits(entries=4)).entries) == 4

    def test_a_feed_without_entries_is_a_feed(self):
        assert read(rss()).entries == ()


class TestKeys:
    @pytest.mark.parametrize(
        "link",
        [
            "http://blog.example/a?b=1&c=2",
            "https://BLOG.example:443/a?c=2&b=1",
            "https://blog.example/x/../a?b=1&c=2&utm_source=rss&utm_medium=feed",
            "https://blog.example/a?fbclid=x&b=1&gclid=y&c=2#comments",
        ],
    )
    def test_spellings_of_a_link_are_one_key(self, link):
        assert entry_key(link=link, guid="", text="", feed_host="f") == ("url:https://blog.example/a?b=1&c=2")

    @pytest.mark.parametrize(
        ("link", "guid", "key"),
        [
            ("https://b.example/x", "http://b.example/x?utm_source=1", "url:https://b.example/x"),
            ("https://feeds.example/~r/9", "https://b.example/x", "url:https://b.example/x"),
            (
                "https://b.example/pretty/",
                "https://b.example/?p=123",
                "url:https://b.example/pretty/",
            ),
            ("https://b.example/x", "tag:b.example,2020:1", "id:tag:b.example,2020:1"),
            ("https://b.example/x", "urn:uuid:60a76c80", "id:urn:uuid:60a76c80"),
            ("https://b.example/x", "12345", "url:https://b.example/x"),
            ("https://b.example/x", "yt:video:1", "url:https://b.example/x"),
            ("https://b.example/", "12345", "id:f.example:12345"),
            ("https://b.example/", "", "url:https://b.example/"),
            ("", "12345", "id:f.example:12345"),
            ("https://b.example/x#c-5", "https://b.example/x#c-5", "url:https://b.example/x#c-5"),
            (
                "https://b.example/x#c-5",
                "https://b.example/?p=1#c-5",
                "url:https://b.example/?p=1#c-5",
            ),
            ("https://b.example/x#c-5", "comment 5 at b.example", "url:https://b.example/x#c-5"),
            ("https://b.example/x#new", "12345", "url:https://b.example/x"),
            ("https://b.example/#!/x", "", "url:https://b.example/#!/x"),
            ("https://b.example:8443/x", "", "url:https://b.example:8443/x"),
        ],
    )
    def test_the_best_name_of_an_entry_is_its_key(self, link, guid, key):
        assert entry_key(link=link, guid=guid, text="t", feed_host="f.example") == key

    def test_comments_on_one_page_are_many_posts(self):
        items = [
            f"<title>Re: x</title><link>https://b.example/x#comment-{n}</link>"
            f"<guid isPermaLink='false'>comment {n} at https://b.example</guid>"
            for n in range(3)
        ]
        assert len(read(rss(*items)).entries) == 3

    def test_what_has_no_name_is_known_by_what_it_says(self):
        one, again, other = (
            entry_key(link="", guid="", text=text, feed_host="f.example") for text in ("a", "a", "b")
        )
        assert one == again != other

    def test_googles_links_lead_to_what_they_wrap(self):
        inner = "https://news.example/1?a=b"
        wrapped = "https://www.google.com/url?rct=j&url=https://news.example/1%3Fa%3Db&ct=ga"
        assert unwrap(wrapped) == inner
        for other in (
            inner,
            wrapped.replace("google.com", "google.evil.example"),
            "https://google.com",
        ):
            assert unwrap(other) == other
        assert unwrap("https://www.google.com/url?url=javascript:x").startswith("https://www.google")

    def test_a_very_long_link_has_a_short_key_of_its_own(self):
        keys = {
            entry_key(link=f"https://b.example/{'a' * 1_900}{n}", guid="", text="", feed_host="f")
            for n in range(3)
        }
        assert len(keys) == 3
        assert all(len(key) <= 600 for key in keys)

    @given(
        st.text(st.sampled_from("/?&=#%;a1.~é ü:@[]"), max_size=30),
        st.sampled_from(["http", "https"]),
    )
    def test_a_canonical_link_is_its_own_canonical_link(self, rest, scheme):
        try:
            once = canonical_link(f"{scheme}://b.example/{rest}", keep_fragment=True)
        except ValueError:
            return
        assert canonical_link(once, keep_fragment=True) == once


class TestNotFeeds:
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ("", "empty"),
            (" \n\ufeff", "empty"),
            ("hello", "not_a_feed"),
            ("<urlset><url/></urlset>", "not_a_feed"),
            ("<html><body><p>Sign in</p></body></html>", "not_a_feed"),
            ("<!DOCTYPE html><title>x</title>", "not_a_feed"),
            ('{"version": "https://example.com", "items": []}', "not_a_feed"),
            ('{"version": "https://jsonfeed.org/version/1"}', "not_a_feed"),
            ("[1, 2]", "not_a_feed"),
            ('{"version": "https://jsonfeed.org/version/1", "items": [', "malformed"),
            ("<rss><channel><title>cut of", "malformed"),
            ("\x00\x01\x02\xff\xfe", "not_a_feed"),
        ],
    )
    def test_what_is_no_feed_says_so(self, body, code):
        with pytest.raises(FeedError) as caught:
            read(body)
        assert caught.value.code == code
        assert caught.value.sentence.endswith(".")

    def test_a_page_that_names_its_feed_is_suggested(self):
        with pytest.raises(FeedError) as caught:
            read(
                """<!doctype html><html><head><title>Blog <link rel=alternate></title>
                <!-- <link rel="alternate" type="application/rss+xml" href="/old"> -->
                <link rel="stylesheet" href="/s.css"><link rel="alternate" hreflang="de" href="/de">
                <link REL='Alternate home' type=application/atom+xml href="../atom?a=1&amp;b=2">"""
            )
        assert caught.value.suggestion == "https://blog.example/atom?a=1&b=2"
        assert caught.value.suggestion in caught.value.sentence

    def test_a_suggestion_is_never_a_script(self):
        with pytest.raises(FeedError) as caught:
            read('<html><link rel=alternate type="application/rss+xml" href="javascript:alert(1)">')
        assert caught.value.suggestion == ""

    def test_what_comes_before_a_feed_is_passed_over(self):
        warning = "<br />\n<b>Warning</b>: include(x.php) in <b>feed.php</b>\n\n<!-- <rss> -->"
        assert only(warning + rss("<title>x</title>")).title == "x"

    def test_a_broken_feed_gives_what_can_be_read(self):
        whole = rss("<title>One &nbsp; & two</title>", "<title>Three <b>four</title>", "<title>Fi")
        feed = read(whole.partition("</title></item></channel>")[0])
        assert [entry.title for entry in feed.entries][:2] == ["One & two", "Three four"]


class TestHostileFeeds:
    @pytest.mark.parametrize(
        "body",
        [
            '<!DOCTYPE r [<!ENTITY a "b">]><rss/>',
            '<!DOCTYPE r [\n<!eNtItY % a SYSTEM "file:///etc/passwd">\n%a;]>\n<rss/>',
            '<!-- <rss> --><?pi ?><!DOCTYPE r PUBLIC "x" "y" [<!ENTITY a "b">] ><rss/>',
            '<!DOCTYPE r [<!-- ]> --><!ENTITY a "b">]><rss/>',
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_entities_are_never_expanded(self, body, encoding):
        text = decode(body.encode(encoding), "")
        if "]> -->" in body:  # the doctype ends early for us, and what follows is passed over
            assert find_feed(text, base_url=BASE) == (Kind.XML, "<rss/>")
            return
        with pytest.raises(FeedError) as caught:
            find_feed(text, base_url=BASE)
        assert caught.value.code == "entities"

    def test_entities_that_hide_from_the_doctype_are_not_expanded_either(self):
        declared = '<!ENTITY a "' + "A" * 30_000 + '">'
        uses = "<item><title>" + "&a;" * 3_000 + "</title></item>"
        feed = f'<rss version="2.0"><channel>{uses}</channel></rss>'
        inside = f'<rss version="2.0"><channel><!DOCTYPE r [{declared}]>{uses}</channel></rss>'
        bodies = (f"<!--\n{declared}\n-->{feed}", f"<é>\n{declared}\n{feed}", inside)
        with ThreadPoolExecutor(2) as pool:
            for found in pool.map(parse, bodies):
                assert all("AAAA" not in entry.text for entry in found.entries)

    @pytest.mark.parametrize(
        "body",
        [
            '<rss version="2.0"><channel>' + "<a>" * 300_000,
            "<rss " + " ".join(f'a{n}="1"' for n in range(150_000)) + "></rss>",
            '<rss version="2.0"><channel><item><title>' + "<" * 2_000_000,
        ],
        ids=["depth", "attributes", "brackets"],
    )
    def test_what_takes_too_long_is_ended(self, body):
        started = time.monotonic()
        with pytest.raises(FeedError) as caught:
            parse(body, limits=Limits(seconds=1.0))
        assert caught.value.code == "too_slow"
        assert time.monotonic() - started < 3

    @pytest.mark.parametrize("memory", [1_000_000, 30_000_000, 60_000_000])
    def test_a_dead_child_is_the_feeds_error(self, memory):
        with pytest.raises(FeedError) as caught:
            parse(rss("<title>" + "x" * 4_000_000 + "</title>"), limits=Limits(memory=memory))
        assert caught.value.code in {"too_much_memory", "crashed"}

    def test_a_missing_interpreter_is_an_error_of_the_same_kind(self, monkeypatch):
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(FeedError) as caught:
            parse(rss())
        assert caught.value.code == "crashed"

    @pytest.mark.parametrize("items", ["[" * 500_000, "9" * 500_000], ids=["depth", "number"])
    def test_hostile_json_is_refused(self, items):
        with pytest.raises(FeedError) as caught:
            parse('{"version": "https://jsonfeed.org/version/1", "items":' + items)
        assert caught.value.code == "malformed"

    @pytest.mark.parametrize("items", ['[{"id": 1e999, "content_text": NaN}]', "[[], {}, null]"])
    def test_odd_json_is_read(self, items):
        found = parse('{"version": "https://jsonfeed.org/version/1", "items":' + items + "}")
        assert all(entry.text == "" for entry in found.entries)

    def test_a_feed_that_is_a_file_name_opens_nothing(self, tmp_path):
        secret = tmp_path / "secret"
        secret.write_text(rss("<title>secret</title>"))
        with pytest.raises(FeedError):
            parse(str(secret))

    def test_the_child_is_told_no_secrets(self, monkeypatch, tmp_path):
        """A stand-in for the interpreter writes down what it was started with."""
        spy = tmp_path / "python"
        spy.write_text(f"#!/bin/sh\nenv > {tmp_path}/env\necho $@ > {tmp_path}/arguments\n")
        spy.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(spy))
        monkeypatch.setenv("SECRET_KEY", "s3cret")
        with pytest.raises(FeedError):
            parse(rss("<title>s3cret</title>"))
        assert "s3cret" not in (tmp_path / "env").read_text() + (tmp_path / "arguments").read_text()


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded feeds (../shared/samples) are not here")
class TestRecordedFeeds:
    @pytest.fixture
    def served(self):
        """Read a sample as it comes over HTTP."""

        def respond(asked):
            kind = "application/feed+json" if asked.path.endswith("json") else "application/xml"
            return answer((SAMPLES / asked.path[1:]).read_bytes(), headers={"Content-Type": kind})

        with serving(respond) as server:
            http = Client(allow_loopback=True)

            def read(name):
                reply = http.get(f"{server.url}/{name}")
                return parse_feed(reply.body, content_type=reply.headers["content-type"], base_url=reply.url)

            yield read

    def test_every_one_is_read(self, served):
        names = sorted(path.name for path in SAMPLES.iterdir())
        with ThreadPoolExecutor(2) as pool:
            feeds = dict(zip(names, pool.map(served, names), strict=True))
        assert {name.partition("_")[2].partition(".")[0]: len(f.entries) for name, f in feeds.items()} == {
            "AtomFeedWithSpacesAroundEquals": 1,
            "InvalidDateFormat": 2,
            "RSSWithComments": 30,
            "google_alerts_atom": 20,
            "json_feed": 20,
            "youtube_atom": 15,
        }
        for feed in feeds.values():
            for entry in feed.entries:
                assert entry.key.startswith(("url:https://", "id:"))
                assert entry.url.startswith("http")
                assert entry.text.startswith(entry.title[:20])
                assert not re.search(r"</|<(p|a|b|br|img|div)\b|&(amp|lt|nbsp|#)", entry.text)
                assert entry.author_name
                assert entry.published_at

    def test_google_alerts_lead_to_the_article(self, served):
        entry = served("feedjira_google_alerts_atom.xml").entries[1]
        assert entry.url == "https://investorplace.com/2019/07/slack-stock-truly-compelling/"
        assert entry.key == f"url:{entry.url}"
        assert entry.title == "Slack Stock Has a Compelling Story and the Numbers to Back It Up"
        assert entry.author_name == "investorplace.com"

    def test_a_video_has_its_channel_and_its_counts(self, served):
        entry = served("feedjira_youtube_atom.xml").entries[0]
        assert entry.key == "url:https://www.youtube.com/watch?v=5shykyfmb28"
        assert entry.author_name == "Google"
        assert entry.author_url == "http://www.youtube.com/channel/UCK8sQmJBp8GCxrOtXWBpyEA"
        assert entry.text.startswith("The Google app: Questions Title\n\nA question is the most")
        assert entry.counts == {"views": 251_497, "likes": 3_546}


def test_many_feeds_are_read_at_once_without_leftovers():
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    with ThreadPoolExecutor(4) as pool:
        feeds = list(pool.map(partial(parse, rss("<title>x</title>")), [""] * 4))
    assert [feed.entries[0].title for feed in feeds] == ["x"] * 4
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) <= before + 1
