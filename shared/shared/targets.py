"""Where outgoing HTTP may go: public https only, checked when a URL is registered and again at each connect."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

URL_LIMIT: Final = 2000
"""Characters of a URL."""
HTTPS_PORTS: Final = frozenset({443, 8443})
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a host name as text. Raises OSError when there are none."""

# `is_global` of the standard library lets through multicast and several forms that wrap a private address,
# so what is public is said here once more.
_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_PUBLIC_IPV6: Final = ipaddress.ip_network("2000::/3")
"""All that is assigned for the public; mapped, translated, local, site, multicast and discarded lie outside."""
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f-\U0010ffff\\]")
"""Characters that parsers disagree on."""
_HOST: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_NUMERIC: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
"""A last label that makes a resolver read the whole name as an address: `127.1`, `0x7f000001`, `2130706433`."""


class TargetRefused(ValueError):
    """Outgoing HTTP does not go there; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads. private: one of the exceptions that the installation's operator has allowed."""

    scheme: str
    host: str
    port: int
    private: bool


def target_of(url: httpx.URL, allowed: frozenset[str]) -> Target:
    """Where a URL leads, as far as its text tells. allowed: exact `scheme://host:port`. Raises TargetRefused."""
    host = url.raw_host.decode("ascii").lower()
    port = DEFAULT_PORTS.get(url.scheme, 0) if url.port is None else url.port
    if url.userinfo:
        raise TargetRefused("The URL must not hold a user or a password.")
    if f"{url.scheme}://{_bracketed(host)}:{port}" in allowed:
        return Target(url.scheme, host, port, private=True)
    if url.scheme != "https":
        raise TargetRefused("Only https is allowed.")
    if port not in HTTPS_PORTS:
        raise TargetRefused(f"Only the ports {', '.join(map(str, sorted(HTTPS_PORTS)))} are allowed.")
    _check_host(host)
    return Target(url.scheme, host, port, private=False)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _check_host(host: str) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.removesuffix(".")
        if not _HOST.fullmatch(name) or _NUMERIC.fullmatch(name.rpartition(".")[2]):
            raise TargetRefused("The URL's host is not a name.") from None
        return
    check_address(address)


def check_address(address: Address) -> None:
    """Raises TargetRefused unless the address belongs to the public internet."""
    refused = any(address in network for network in _NOT_PUBLIC if network.version == address.version)
    if refused or (address.version == 6 and address not in _PUBLIC_IPV6) or not address.is_global:
        raise TargetRefused("The host's address is not public.")


async def check_target(url: str, allowed: frozenset[str], resolve: Resolve | None = None) -> None:
    """Look at a URL that somebody registers, the addresses of its host included. Raises TargetRefused."""
    if len(url) > URL_LIMIT or _FORBIDDEN.search(url):
        raise TargetRefused("The URL is too long or holds characters that do not belong there.")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise TargetRefused("This is not a URL.") from error
    if parsed.fragment or "@" in url.partition("//")[2].partition("/")[0]:
        raise TargetRefused("The URL must hold neither a user nor a fragment.")
    target = target_of(parsed, allowed)
    if not target.private:
        await public_addresses(target.host, target.port, resolve or resolved)


async def public_addresses(host: str, port: int, resolve: Resolve) -> Sequence[str]:
    """Addresses of a host, all of them public. Raises TargetRefused when one is not, or when there are none."""
    try:
        addresses = await resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise TargetRefused("The URL's host has no address.") from error
    if not addresses:
        raise TargetRefused("The URL's host has no address.")
    for address in addresses:
        check_address(_parsed(address))
    return addresses


def _parsed(address: str) -> Address:
    try:
        return ipaddress.ip_address(address)
    except ValueError as error:
        raise TargetRefused("The host's address is not one.") from error


async def resolved(host: str, port: int) -> Sequence[str]:
    """Addresses as the system's resolver gives them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))
