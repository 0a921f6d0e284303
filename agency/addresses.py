"""Which URLs and network addresses Earshot may call: rules over strings and numbers, no network.

Everything that an agency's people, a feed or a redirect can name passes here. A list says what is
allowed where that is shorter (IPv6: global unicast), else what is not (IPv4, ports).
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import quote, urljoin, urlsplit

import idna

Address: TypeAlias = IPv4Address | IPv6Address

_LONGEST_URL = 4_096
_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\\\\]")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# The URL Standard: a host whose last label is a number is an IPv4 address in one of its spellings.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_UNQUOTED = "%/:@!$&'()*+,;=~-._[]|?"

# Any port may serve a feed, but an HTTP request to one of these is a message in somebody else's
# protocol: the bad ports of the Fetch Standard, and those of stores that read lines.
_BAD_PORTS = (
    "0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 "
    "111 113 115 117 119 123 135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 "
    "532 540 548 554 556 563 587 601 636 989 990 993 995 1719 1720 1723 2049 3659 4045 4190 "
    "5060 5061 6000 6379 6566 6665 6666 6667 6668 6669 6679 6697 10080 11211"
)
BAD_PORTS = frozenset(map(int, _BAD_PORTS.split()))

_LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_NOT_GLOBAL_4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # public by number, but the host of a virtual machine at Azure
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
# 2001::/23 has Teredo and 2002::/16 is 6to4: both wrap an IPv4 address, as do the mapped forms,
# which are outside global unicast altogether.
_NOT_GLOBAL_6 = tuple(
    IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64 = IPv6Network("64:ff9b::/96")


class NotAnAddress(ValueError):
    """The URL can't be called at all; the message is a sentence for the person who entered it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart and normalised.

    Attributes:
        host: lower-case ASCII, an IPv6 address without its brackets.
        path: percent-encoded, with the query, without the fragment.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """As in the Host header: the port only where it isn't the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    def join(self, location: str) -> "Target":
        """Where a redirect from here leads. Raises NotAnAddress."""
        _refuse_forbidden(location)
        try:
            return parse_url(urljoin(self.url, location))
        except ValueError as error:
            raise NotAnAddress(str(error)) from error


def parse_url(url: str) -> Target:
    """Take a URL apart.

    Raises:
        NotAnAddress: not http or https, with a user name, a bad port, a host that is no name and no
            address in its usual spelling, or characters that no URL has.
    """
    url = url.strip(" \t\r\n")
    _refuse_forbidden(url)
    if len(url) > _LONGEST_URL:
        raise NotAnAddress("The address is too long.")
    try:
        parts = urlsplit(url)
        port, hostname = parts.port, parts.hostname
    except ValueError as error:
        raise NotAnAddress("That is not a web address.") from error
    if parts.scheme not in _PORTS:
        raise NotAnAddress("The address must begin with http:// or https://.")
    if "@" in parts.netloc:
        raise NotAnAddress("The address must not contain a user name or password.")
    if not hostname:
        raise NotAnAddress("The address has no host name.")
    port = _PORTS[parts.scheme] if port is None else port
    if port in BAD_PORTS:
        raise NotAnAddress(f"Port {port} does not serve web pages.")
    path = quote(parts.path or "/", safe=_UNQUOTED)
    query = "?" + quote(parts.query, safe=_UNQUOTED) if parts.query else ""
    return Target(parts.scheme, _host(hostname, "[" in parts.netloc), port, path + query)


def _refuse_forbidden(url: str) -> None:
    if _FORBIDDEN.search(url):
        raise NotAnAddress("The address contains characters that no web address has.")


def _host(host: str, bracketed: bool) -> str:
    if bracketed:
        return _ipv6(host)
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except UnicodeError as error:
        raise NotAnAddress("The address has a host name that does not exist.") from error
    labels = name.lower().removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(".".join(labels))
    if not all(map(_LABEL.fullmatch, labels)) or len(name) > 253:
        raise NotAnAddress("The address has a host name that does not exist.")
    return ".".join(labels)


def _ipv4(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except ValueError as error:
        raise NotAnAddress("The address has a number in place of a host name.") from error


def _ipv6(host: str) -> str:
    try:
        address = IPv6Address(host)
    except ValueError as error:
        raise NotAnAddress("The address has an IPv6 number that does not exist.") from error
    if address.scope_id:
        raise NotAnAddress("The address names a network interface of one machine.")
    return str(address)


def literal(host: str) -> Address | None:
    """The address if the host of a Target is one, else None: it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_global(address: Address) -> bool:
    """Whether anybody on the internet can reach the address, so that it is nobody's inner network.

    Addresses that wrap an IPv4 address (mapped, 6to4, Teredo) are refused whatever they wrap;
    NAT64 ones, which networks without IPv4 use for every name, are judged by the address inside.
    """
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _NOT_GLOBAL_4)
    if address in _NAT64:
        return is_global(IPv4Address(int(address) & 0xFFFFFFFF))
    return (
        not address.scope_id and address in _GLOBAL_6 and not any(address in block for block in _NOT_GLOBAL_6)
    )


def is_loopback(address: Address) -> bool:
    return any(address in block for block in _LOOPBACK)
