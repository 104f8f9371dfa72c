"""Outgoing HTTP goes to the public internet by https and nowhere else."""

from collections.abc import Sequence

import pytest

from shared.targets import TargetRefused, check_target

PUBLIC = "93.184.215.14"
NONE_ALLOWED: frozenset[str] = frozenset()

NOT_HTTPS = [
    "http://example.com/",
    "HTTP://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "unix:///var/run/docker.sock",
    "javascript:alert(1)",
    "data:text/plain,x",
    "//example.com/",
    "example.com",
    "/relative",
    "",
    "https:",
    "https://",
    "https:///path",
    "https:example.com",
]
ODD = [
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://@example.com/",
    "https://:@example.com/",
    "https://example.com@127.0.0.1/",
    "https://127.0.0.1@example.com/",
    "https://example.com:22/",
    "https://example.com:80/",
    "https://example.com:0/",
    "https://example.com:65536/",
    "https://example.com:-1/",
    "https://example.com:6379/",
    "https://example.com/#fragment",
    "https://example.com/a b",
    "https://exam\tple.com/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com/\r\nhost: internal",
    "https://ex\x00ample.com/",
    "https://example.com/" + "x" * 2000,
    "https://%31%32%37.0.0.1/",
    "https://①②⑦.0.0.1/",
    "https://exa mple.com/",
    "https://[::1/",
    "https://[v1.fe80::a+en1]/",
    "https://-/",
    "https://./",
    "https://a..b/",
]
NUMBERS = [
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://017700000001/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0177.0.0.1/",
    "https://0/",
    "https://127.0.0.1./",
    "https://1.2.3.4.5/",
    "https://256.256.256.256/",
]
PRIVATE_LITERALS = [
    "https://127.0.0.1/",
    "https://127.255.255.254/",
    "https://0.0.0.0/",
    "https://10.1.2.3/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://172.16.0.1/",
    "https://192.0.0.1/",
    "https://192.0.2.1/",
    "https://192.88.99.1/",
    "https://192.168.1.1:8443/",
    "https://198.18.0.1/",
    "https://198.51.100.1/",
    "https://203.0.113.1/",
    "https://224.0.0.1/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[100::1]/",
    "https://[2001::1]/",
    "https://[2001:db8::1]/",
    "https://[2002:7f00:1::]/",
    "https://[3fff::1]/",
    "https://[5f00::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
]


async def answering(*addresses: str) -> Sequence[str]:
    return addresses


async def public(_host: str, _port: int) -> Sequence[str]:
    return (PUBLIC,)


@pytest.mark.parametrize("url", NOT_HTTPS + ODD + NUMBERS + PRIVATE_LITERALS, ids=repr)
async def test_a_hostile_url_is_refused_even_if_its_name_resolves_well(url: str) -> None:
    async def resolve(host: str, _port: int) -> Sequence[str]:
        return (host,) if ":" in host or host.replace(".", "").isdecimal() else (PUBLIC,)

    with pytest.raises(TargetRefused):
        await check_target(url, NONE_ALLOWED, resolve)


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        (PUBLIC, "10.0.0.1"),
        ("::1", PUBLIC),
        (PUBLIC, "64:ff9b::a00:1"),
        ("fe80::1%eth0",),
        (),
        ("what",),
    ],
)
async def test_a_name_of_which_any_address_is_not_public_is_refused(addresses: tuple[str, ...]) -> None:
    with pytest.raises(TargetRefused):
        await check_target("https://example.com/", NONE_ALLOWED, lambda _host, _port: answering(*addresses))


async def test_a_name_without_an_address_is_refused() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such host")

    with pytest.raises(TargetRefused, match="no address"):
        await check_target("https://example.com/", NONE_ALLOWED, resolve)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/hook?a=b&c=%20d",
        "https://EXAMPLE.com:443/",
        "https://example.com:8443/hook",
        "https://example.com./",
        "https://xn--bcher-kva.example/",
        f"https://{PUBLIC}/",
        "https://[2606:4700:4700::1111]/",
    ],
)
async def test_public_https_is_accepted(url: str) -> None:
    await check_target(url, NONE_ALLOWED, lambda host, _port: answering(host if ":" in host else PUBLIC))


async def test_an_exception_holds_for_its_exact_scheme_host_and_port_only() -> None:
    allowed = frozenset({"http://127.0.0.1:9000", "https://[::1]:9443"})

    await check_target("http://127.0.0.1:9000/hook", allowed)
    await check_target("https://[::1]:9443/hook", allowed)
    for url in (
        "https://127.0.0.1:9000/",
        "http://127.0.0.1:9001/",
        "http://127.0.0.1/",
        "http://127.0.0.2:9000/",
        "http://user@127.0.0.1:9000/",
        "http://[::1]:9443/",
    ):
        with pytest.raises(TargetRefused):
            await check_target(url, allowed, public)


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len({*NOT_HTTPS, *ODD, *NUMBERS, *PRIVATE_LITERALS}) >= 60
