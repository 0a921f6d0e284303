import gzip
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
import zlib
from contextlib import contextmanager
from pathlib import Path

import pytest

from agency.addresses import is_global, literal, parse_url
from agency.http import (
    BadReply,
    BadUrl,
    Client,
    HttpError,
    Limits,
    RefusedAddress,
    TimedOut,
    TlsFailed,
    TooLarge,
    TooManyRedirects,
    Unreachable,
    Unresolvable,
    check_url,
)
from tests.loopback import answer, serving

PRIVATE = [
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.8.8.8",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)  # without the time, so that tests have the same name in every process


@pytest.fixture
def http():
    return Client(allow_loopback=True, limits=Limits(total_seconds=5, connect_seconds=2))


def names(**addresses):
    """A resolver that knows these names only, and counts how often it was asked."""

    def resolve(host, port):
        resolve.asked.append(host)
        if host not in addresses:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        found = addresses[host]
        return found.pop(0) if isinstance(found[0], list) else found

    resolve.asked = []
    return resolve


class TestAddresses:
    @pytest.mark.parametrize("address", PRIVATE)
    def test_nothing_private_is_global_and_no_client_connects_to_it(self, address):
        assert not is_global(literal(address))
        with pytest.raises(RefusedAddress, match="private network"):
            Client(resolve=names(**{"feeds.example": [address]})).get("http://feeds.example/")
        host = f"[{address}]" if ":" in address else address
        with pytest.raises(RefusedAddress):
            Client().get(f"http://{host}/")

    @pytest.mark.parametrize(
        "address", ["1.1.1.1", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::8.8.8.8"]
    )
    def test_what_everybody_can_reach_is_global(self, address):
        assert is_global(literal(address))

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "feeds.example",
            "/feed",
            "//feeds.example/",
            "ftp://feeds.example/",
            "file:///etc/passwd",
            "gopher://feeds.example/",
            "javascript:alert(1)",
            "http://",
            "http:///feed",
            "http://ana@feeds.example/",
            "http://ana:secret@feeds.example/",
            "http://feeds.example@127.0.0.1/",
            "http://@feeds.example/",
            "http://127.1/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://017700000001/",
            "http://127.0.0.0x1/",
            "http://127.0.0.01/",
            "http://127.0.0.1.2/",
            "http://\uff11\uff12\uff17.1/",
            "http://①②⑦.⓪.⓪.1x.1/",
            "http://%31%32%37.0.0.1/",
            "http://[::1/",
            "http://[fe80::1%25eth0]/",
            "http://[::ffff:127.0.0.1/",
            "http://[v1.x]/",
            "http://feeds.example:99999/",
            "http://feeds.example:x/",
            "http://feeds.example:-1/",
            "http://feeds.example:0/",
            "http://feeds.example:25/",
            "http://feeds.example:6379/",
            "http://feeds.example\\@127.0.0.1/",
            "http://feeds.example\t/",
            "http://feeds\n.example/",
            "http://feeds.example/\r\nHost: x",
            "http://feeds.example/\0",
            "http://feeds .example/",
            "http://feeds..example/",
            "http://-feeds.example/",
            "http://feeds.example,/",
            "http://" + "a" * 64 + ".example/",
            "http://feeds.example/" + "a" * 5_000,
        ],
    )
    def test_hostile_urls_are_refused_before_any_lookup(self, url):
        resolve = names()
        with pytest.raises(BadUrl) as caught:
            Client(allow_loopback=True, resolve=resolve).get(url)
        assert caught.value.sentence.endswith(".")
        assert not resolve.asked

    @pytest.mark.parametrize(
        ("url", "normal"),
        [
            (" HTTP://Feeds.Example. ", "http://feeds.example/"),
            ("https://feeds.example:443/a b?q=ü#x", "https://feeds.example/a%20b?q=%C3%BC"),
            ("http://b\u00fccher.example:8080", "http://xn--bcher-kva.example:8080/"),
            ("http://[2606:4700:0::1111]/x", "http://[2606:4700::1111]/x"),
            ("http://my_blog.example/%7Eana", "http://my_blog.example/%7Eana"),
            ("http://\uff46eeds.example/", "http://feeds.example/"),
        ],
    )
    def test_urls_get_one_spelling(self, url, normal):
        assert check_url(url) == normal

    def test_a_full_width_address_is_seen_as_the_number_it_is(self):
        assert parse_url("http://\uff11\uff12\uff17.0.0.1/").host == "127.0.0.1"


class TestExchange:
    def test_an_answer_is_read_with_its_headers(self, http):
        headers = {"ETag": '"1"', "Set-Cookie": "a=1\r\nSet-Cookie: b=2"}
        with serving(lambda asked: answer("héllo", 201, headers)) as server:
            reply = http.get(f"{server.url}/a?b=c#d", {"Accept": "text/plain"})
        assert (reply.status, reply.body.decode()) == (201, "héllo")
        assert reply.headers["etag"] == '"1"'
        assert reply.headers["set-cookie"] == "a=1, b=2"
        assert reply.url == f"{server.url}/a?b=c"
        asked = server.asked[0]
        assert (asked.method, asked.path) == ("GET", "/a?b=c")
        assert asked.headers["accept"] == "text/plain"
        assert asked.headers["host"] == f"127.0.0.1:{server.port}"
        assert asked.headers["user-agent"] == "Earshot"

    def test_json_and_bytes_are_posted(self, http):
        with serving(lambda asked: answer(asked.body)) as server:
            assert http.post(server.url, json={"text": "grüß"}).body == '{"text":"grüß"}'.encode()
            assert http.post(server.url, content=b"raw", headers={"X-Key": "1"}).body == b"raw"
        assert server.asked[0].headers["content-type"] == "application/json"
        assert server.asked[1].headers["x-key"] == "1"

    def test_ipv6_is_spoken(self, http):
        if not socket.has_ipv6 or not _has_ipv6_loopback():
            pytest.skip("this machine has no IPv6 loopback")
        with serving(lambda asked: answer("six"), host="::1") as server:
            assert http.get(f"http://[::1]:{server.port}/").body == b"six"
        assert server.asked[0].headers["host"] == f"[::1]:{server.port}"

    def test_loopback_needs_the_development_setting(self):
        with serving(lambda asked: answer("inside")) as server, pytest.raises(RefusedAddress):
            Client().get(server.url)
        assert not server.asked

    def test_proxies_of_the_environment_are_not_used(self, http, monkeypatch):
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        with serving(lambda asked: answer("direct")) as server:
            assert http.get(server.url).body == b"direct"

    def test_a_header_of_the_caller_can_not_break_the_request_apart(self, http):
        with serving(lambda asked: answer()) as server:
            with pytest.raises(Exception, match=r"(?i)header"):
                http.get(server.url, {"X-Token": "a\r\nX-Evil: b"})
            http.get(server.url, {"Host": "evil.example", "Content-Length": "9"})
        assert [asked.headers["host"] for asked in server.asked] == [f"127.0.0.1:{server.port}"]


class TestNames:
    def test_a_name_is_resolved_once_and_connected_to_what_was_checked(self):
        """An answer that changes between check and connection is never asked for a second time."""
        with serving(lambda asked: answer("ok")) as server:
            resolve = names(**{"rebind.example": [["127.0.0.1"], ["10.0.0.1"]]})
            http = Client(allow_loopback=True, resolve=resolve)
            assert http.get(f"http://rebind.example:{server.port}/").body == b"ok"
            assert resolve.asked == ["rebind.example"]
            assert server.asked[0].headers["host"] == f"rebind.example:{server.port}"
            with pytest.raises(RefusedAddress):
                http.get(f"http://rebind.example:{server.port}/")

    def test_each_redirect_is_resolved_and_checked_again(self):
        with serving(lambda asked: answer(status=302, headers={"Location": "/again"})) as server:
            resolve = names(**{"rebind.example": [["127.0.0.1"], ["10.0.0.1"]]})
            http = Client(allow_loopback=True, resolve=resolve)
            with pytest.raises(RefusedAddress, match="redirects to a private network"):
                http.get(f"http://rebind.example:{server.port}/")
        assert len(server.asked) == 1

    def test_private_addresses_of_a_name_are_passed_over(self):
        with serving(lambda asked: answer("ok")) as server:
            resolve = names(**{"mixed.example": ["10.0.0.1", "::ffff:127.0.0.1", "127.0.0.1"]})
            http = Client(allow_loopback=True, resolve=resolve)
            assert http.get(f"http://mixed.example:{server.port}/").body == b"ok"

    def test_the_next_address_is_tried_when_one_does_not_answer(self):
        with serving(lambda asked: answer("ok")) as server:
            http = Client(
                allow_loopback=True,
                resolve=names(**{"two.example": ["127.0.0.2", "127.0.0.1"]}),
            )
            assert http.get(f"http://two.example:{server.port}/").body == b"ok"

    @pytest.mark.parametrize("known", [{}, {"nowhere.example": [[]]}])
    def test_an_unknown_name_is_unresolvable(self, known):
        with pytest.raises(Unresolvable, match=r"nowhere\.example"):
            Client(resolve=names(**known)).get("http://nowhere.example/")

    def test_a_resolver_that_hangs_is_left_behind(self):
        release = threading.Event()
        http = Client(
            resolve=lambda host, port: release.wait(5) and [],
            limits=Limits(total_seconds=0.3, connect_seconds=0.2),
        )
        started = time.monotonic()
        with pytest.raises(TimedOut) as caught:
            http.get("http://slow.example/")
        release.set()
        assert time.monotonic() - started < 1.5
        assert not caught.value.sent


class TestRedirects:
    @pytest.mark.parametrize(
        "location",
        [
            "http://10.0.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fd00:ec2::254]/",
            "//192.168.0.1/router",
            "http://0.0.0.0/",
        ],
    )
    def test_a_redirect_into_a_private_network_is_refused(self, http, location):
        with (
            serving(lambda asked: answer(status=302, headers={"Location": location})) as server,
            pytest.raises(RefusedAddress) as caught,
        ):
            http.get(server.url)
        assert caught.value.code == "refused_address"
        assert caught.value.sentence == (
            "The address redirects to a private network, which Earshot never reads."
        )

    @pytest.mark.parametrize(
        "location",
        [
            "file:///etc/passwd",
            "gopher://x/",
            "http://a:b@x/",
            "http://127.1/",
            "http://x:22/",
            "http://[x",
        ],
    )
    def test_a_redirect_to_what_is_no_web_address_is_refused(self, http, location):
        with (
            serving(lambda asked: answer(status=301, headers={"Location": location})) as server,
            pytest.raises(BadUrl, match="redirects"),
        ):
            http.get(server.url)

    def test_a_loop_ends(self, http):
        with (
            serving(lambda asked: answer(status=307, headers={"Location": "/"})) as server,
            pytest.raises(TooManyRedirects, match="more than 5"),
        ):
            http.get(server.url)
        assert len(server.asked) == 6

    def test_relative_and_unicode_locations_are_followed(self, http):
        def respond(asked):
            if asked.path == "/blog/feed":
                location = "../\u00fc?x=1".encode().decode("latin-1")
                return answer(b"x" * 100, 301, {"Location": location})
            return answer(asked.path)

        with serving(respond) as server:
            reply = http.get(f"{server.url}/blog/feed")
        assert reply.body == b"/%C3%BC?x=1"
        assert reply.url == f"{server.url}/%C3%BC?x=1"

    def test_only_harmless_headers_go_to_another_origin(self, http):
        secrets = {"Authorization": "Bearer s", "X-Token": "s", "If-None-Match": '"1"'}
        with (
            serving(lambda asked: answer()) as other,
            serving(
                lambda asked: (
                    answer(status=302, headers={"Location": f"{other.url}/"})
                    if asked.path == "/second"
                    else answer(status=302, headers={"Location": "/second"})
                )
            ) as server,
        ):
            http.get(server.url, secrets)
        assert [asked.headers.get("authorization") for asked in server.asked] == ["Bearer s"] * 2
        (asked,) = other.asked
        assert "authorization" not in asked.headers
        assert "x-token" not in asked.headers
        assert asked.headers["if-none-match"] == '"1"'

    def test_a_post_is_never_sent_on(self, http):
        with serving(lambda asked: answer(status=307, headers={"Location": "/other"})) as server:
            assert http.post(server.url, json={}).status == 307
        assert len(server.asked) == 1


class TestHostileAnswers:
    @staticmethod
    def _drip(piece: bytes, pause: float = 0.05):
        def respond(asked):
            for _ in range(200):
                asked.connection.sendall(piece)
                time.sleep(pause)

        return respond

    @pytest.mark.parametrize(
        ("opening", "piece"),
        [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
            (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (b"", b""),
        ],
        ids=["body", "chunks", "headers", "continues", "silence"],
    )
    def test_a_slow_drip_is_cut_at_the_deadline_of_the_whole(self, opening, piece):
        def respond(asked):
            asked.connection.sendall(opening)
            self._drip(piece)(asked)

        http = Client(allow_loopback=True, limits=Limits(total_seconds=0.5))
        started = time.monotonic()
        with serving(respond) as server, pytest.raises(TimedOut, match=r"0\.5 seconds") as caught:
            http.get(server.url)
        assert 0.45 < time.monotonic() - started < 2
        assert caught.value.sent

    def test_redirects_share_one_deadline(self):
        def respond(asked):
            time.sleep(0.2)
            return answer(status=302, headers={"Location": "/"})

        http = Client(allow_loopback=True, limits=Limits(total_seconds=0.5))
        with serving(respond) as server, pytest.raises(TimedOut):
            http.get(server.url)

    def test_a_request_that_nobody_takes_in_is_cut_as_well(self):
        http = Client(allow_loopback=True, limits=Limits(total_seconds=0.5))

        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            started = time.monotonic()
            with pytest.raises(TimedOut):
                http.post(f"http://127.0.0.1:{listener.getsockname()[1]}/", content=b"x" * 8_000_000)
        assert time.monotonic() - started < 2

    @pytest.mark.parametrize("length", [True, False])
    def test_a_huge_answer_is_not_read_to_its_end(self, length):
        taken = []

        def respond(asked):
            header = b"Content-Length: 900000000\r\n" if length else b""
            asked.connection.sendall(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n")
            for _ in range(900):
                asked.connection.sendall(b"x" * 1_000_000)
                taken.append(1)

        http = Client(allow_loopback=True, limits=Limits(max_bytes=2_000_000))
        with serving(respond) as server, pytest.raises(TooLarge, match="2 MB"):
            http.get(server.url)
        assert len(taken) < 50

    @pytest.mark.parametrize("coding", ["gzip", "deflate"])
    def test_a_compressed_bomb_is_stopped_at_the_limit(self, http, coding):
        zeros = b"\0" * 60_000_000
        bomb = gzip.compress(zeros, 1) if coding == "gzip" else zlib.compress(zeros, 1)
        with (
            serving(lambda asked: answer(bomb, headers={"Content-Encoding": coding})) as server,
            pytest.raises(TooLarge),
        ):
            http.get(server.url)

    @pytest.mark.parametrize(
        ("coding", "body"),
        [
            ("gzip", _gzip(b"plain")),
            ("x-gzip", _gzip(b"pl") + _gzip(b"ain")),
            ("gzip", _gzip(b"plain") + b"\0" * 8),
            ("deflate", zlib.compress(b"plain")),
            ("deflate", zlib.compress(b"plain")[2:-4]),
            ("identity", b"plain"),
        ],
        ids=["gzip", "two members", "padding", "zlib", "bare", "identity"],
    )
    def test_what_was_asked_for_is_decoded(self, http, coding, body):
        with serving(lambda asked: answer(body, headers={"Content-Encoding": coding})) as server:
            assert http.get(server.url).body == b"plain"
        assert server.asked[0].headers["accept-encoding"] == "gzip, deflate"

    @pytest.mark.parametrize(
        "raw",
        [
            answer(b"x", headers={"Content-Encoding": "br"}),
            answer(_gzip(b"x"), headers={"Content-Encoding": "gzip, gzip"}),
            answer(_gzip(b"x" * 999)[:-6], headers={"Content-Encoding": "gzip"}),
            answer(b"no gzip", headers={"Content-Encoding": "gzip"}),
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nxx",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"220 mail.example ESMTP\r\n",
            b"\x16\x03\x01\x00\x00",
            b"HTTP/1.1 200 OK\r\n" + b"X-Flood: 1\r\n" * 200_000 + b"\r\n",
            b"HTTP/1.1 200 OK\r\nX-Flood: " + b"1" * 2_000_000 + b"\r\n\r\n",
            b"",
        ],
        ids=lambda raw: repr(raw[:24] + raw[-9:]),
    )
    def test_a_broken_answer_is_a_bad_reply(self, http, raw):
        with serving(lambda asked: raw) as server, pytest.raises(BadReply) as caught:
            http.get(server.url)
        assert caught.value.code == "bad_reply"
        assert caught.value.sent

    def test_a_reset_is_a_bad_reply(self, http):
        def respond(asked):
            asked.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
            linger = struct.pack("ii", 1, 0)
            asked.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

        with serving(respond) as server, pytest.raises(BadReply):
            http.get(server.url)

    def test_a_closed_port_is_unreachable_and_nothing_was_sent(self, http):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
            with pytest.raises(Unreachable) as caught:
                http.post(url, json={})
        assert not caught.value.sent

    def test_no_file_is_left_open(self, http):
        def respond(asked):
            return answer(status=302, headers={"Location": "/next"}) if asked.path == "/" else b""

        with serving(respond) as server:
            before = _open_files()
            for _ in range(5):
                with pytest.raises(HttpError):
                    http.get(server.url)
            time.sleep(0.1)
            assert _open_files() <= before + 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A certificate for feeds.example that nobody signed, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not installed, and makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    arguments = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=feeds.example -addext subjectAltName=DNS:feeds.example "
        "-keyout key.pem -out cert.pem"
    )
    subprocess.run(
        [openssl, *arguments.split()],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


@contextmanager
def serving_tls(folder: Path):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    seen = []
    context.sni_callback = lambda connection, name, context: seen.append(name)

    def accept(listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(65_536)
                    secure.sendall(answer("secret"))
            except OSError:
                continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1], seen
        listener.shutdown(socket.SHUT_RDWR)


class TestTls:
    def test_the_certificate_is_checked_against_the_name_not_the_address(self, certificate):
        trust = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        resolve = names(**{"feeds.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
        http = Client(allow_loopback=True, resolve=resolve, tls=trust)
        with serving_tls(certificate) as (port, seen):
            assert http.get(f"https://feeds.example:{port}/").body == b"secret"
            assert seen == ["feeds.example"]
            with pytest.raises(TlsFailed, match=r"other\.example"):
                http.get(f"https://other.example:{port}/")

    def test_a_certificate_that_nobody_signed_is_refused(self, certificate, http):
        with serving_tls(certificate) as (port, _), pytest.raises(TlsFailed) as caught:
            http.post(f"https://127.0.0.1:{port}/", json={})
        assert caught.value.code == "tls"
        assert not caught.value.sent

    def test_a_server_without_tls_is_an_error_of_its_own(self, http):
        def speak_plainly(listener):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer("Bad request", 400))

        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=speak_plainly, args=(listener,), daemon=True).start()
            with pytest.raises(TlsFailed, match="no secure connection"):
                http.get(f"https://127.0.0.1:{listener.getsockname()[1]}/")


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
