"""Signatures: ours are understood by the reference library and the other way round; nothing else is accepted."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from standardwebhooks import Webhook

from shared.webhooks import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    TOLERANCE,
    SecretMalformed,
    SignatureRefused,
    new_secret,
    seal,
    sign,
    unseal,
    verify,
)

SECRET = new_secret()
OTHER = new_secret()
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BODY = '{"case": "Überlauf"}'.encode()
GOOD = sign([SECRET], "msg_1", NOW, BODY)
KEY = bytes(range(32))

Pairs = list[tuple[bytes, bytes]]


def raw(headers: dict[str, str]) -> Pairs:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


def changed(name: str, value: bytes) -> Pairs:
    return [pair if pair[0].decode() != name else (pair[0], value) for pair in raw(GOOD)]


def test_a_message_signed_by_us_is_verified_by_us() -> None:
    assert verify([SECRET], raw(GOOD), BODY, NOW) == "msg_1"


def test_a_message_signed_by_us_is_verified_by_the_reference_library() -> None:
    headers = sign([SECRET], "msg_1", datetime.now(UTC), BODY)

    assert Webhook(SECRET).verify(BODY, headers) == json.loads(BODY)


def test_a_message_signed_by_the_reference_library_is_verified_by_us() -> None:
    signature = Webhook(SECRET).sign("msg_1", NOW, BODY.decode())

    assert verify([SECRET], changed(SIGNATURE_HEADER, signature.encode()), BODY, NOW) == "msg_1"


def test_while_secrets_change_either_side_may_hold_both() -> None:
    both = sign([OTHER, SECRET], "msg_1", NOW, BODY)

    assert verify([SECRET], raw(both), BODY, NOW) == "msg_1"
    assert verify([OTHER, SECRET], raw(GOOD), BODY, NOW) == "msg_1"


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_timestamp_within_the_tolerance_is_accepted(seconds: int) -> None:
    assert verify([SECRET], raw(GOOD), BODY, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("off", [TOLERANCE + timedelta(seconds=1), -TOLERANCE - timedelta(seconds=1)])
def test_a_timestamp_beyond_the_tolerance_is_refused(off: timedelta) -> None:
    with pytest.raises(SignatureRefused):
        verify([SECRET], raw(GOOD), BODY, NOW + off)


SIGNATURE = GOOD[SIGNATURE_HEADER].encode()
TIMESTAMPS = (
    *(b"", b"0", b"-1", b"+1", b"1_0", b"1e9", b"1763812800.0", b" 1763812800", b"01763812800", b"9" * 40),
    *(b"nan", b"inf", "\N{ARABIC-INDIC DIGIT ONE}".encode(), b"\xff", b"0x10"),
)
SIGNATURES = (
    *(b"", b" ", b"v1", b"v1,", b"v1,,", b"v2,AAAA", b"v1,****", b"v1,\xff\xfe", b"v1a," + b"A" * 44, b"v1,A"),
    *(b"v1," + b"A" * 43 + b"=", SIGNATURE + b" ", b" " + SIGNATURE, SIGNATURE + b" garbage", b"v1,AAAA " * 1000),
    *(SIGNATURE.replace(b"v1,", b"V1,"), SIGNATURE.rstrip(b"="), SIGNATURE + b"="),
)
IDS = [b"", b" ", b"msg_2", b"msg_1 ", b"msg.1", b"m" * 256, b"msg\x001", b"\xff", "mög".encode()]
REPEATED = [[*raw(GOOD), (spelled, value)] for name, value in raw(GOOD) for spelled in (name, name.upper())]
MISSING = [[pair for pair in raw(GOOD) if pair[0].decode() != name] for name in GOOD]
CORPUS = [
    *(changed(TIMESTAMP_HEADER, value) for value in TIMESTAMPS),
    *(changed(SIGNATURE_HEADER, value) for value in SIGNATURES),
    *(changed(ID_HEADER, value) for value in IDS),
    *REPEATED,
    *MISSING,
    [],
]


@pytest.mark.parametrize("headers", CORPUS, ids=str)
def test_malformed_missing_and_repeated_headers_are_refused(headers: Pairs) -> None:
    with pytest.raises(SignatureRefused):
        verify([SECRET], headers, BODY, NOW)


def test_another_secret_another_body_and_no_secret_at_all_are_refused() -> None:
    for secrets, body in (([OTHER], BODY), ([SECRET], BODY + b" "), ([SECRET], b""), ([], BODY)):
        with pytest.raises(SignatureRefused):
            verify(secrets, raw(GOOD), body, NOW)


def test_a_body_that_is_not_text_is_refused_although_it_is_signed() -> None:
    body = b"\xff\xfe"

    with pytest.raises(SignatureRefused):
        verify([SECRET], raw(sign([SECRET], "msg_1", NOW, body)), body, NOW)


def test_id_and_timestamp_cannot_be_shifted_into_the_body() -> None:
    seconds = str(int(NOW.timestamp()))
    body = f"{seconds}.{{}}".encode()
    signed = sign([SECRET], "msg_1", NOW, body)
    shifted = {**signed, ID_HEADER: f"msg_1.{seconds}"}

    with pytest.raises(SignatureRefused):
        verify([SECRET], raw(shifted), b"{}", NOW)


@given(
    some.sampled_from(sorted(GOOD)),
    some.integers(min_value=0, max_value=200),
    some.binary(min_size=0, max_size=3),
    some.integers(min_value=0, max_value=3),
)
@example(SIGNATURE_HEADER, 45, b"B", 1)
def test_no_mutation_of_a_header_is_accepted(name: str, at: int, inserted: bytes, removed: int) -> None:
    value = GOOD[name].encode()
    mutation = value[: at % (len(value) + 1)] + inserted + value[at % (len(value) + 1) + removed :]
    if mutation == value:
        return

    with pytest.raises(SignatureRefused):
        verify([SECRET], changed(name, mutation), BODY, NOW)


@given(some.lists(some.tuples(some.sampled_from([name.encode() for name in GOOD]) | some.binary(), some.binary())))
def test_whatever_the_headers_are_nothing_but_a_refusal_is_raised(headers: Pairs) -> None:
    with pytest.raises(SignatureRefused):
        verify([SECRET], headers, BODY, NOW)


WEAK = ["", "whsec_", "whsec_AA==", "whsec_****", "whsec_ü", SECRET + "\n", SECRET.removeprefix("whsec_")]
WEAK += ["whsec_" + base64.b64encode(b"x" * size).decode() for size in (23, 65)]


@pytest.mark.parametrize("secret", WEAK)
def test_a_weak_or_malformed_secret_signs_nothing(secret: str) -> None:
    with pytest.raises(SecretMalformed):
        sign([secret], "msg_1", NOW, BODY)


def test_a_message_id_with_a_full_stop_is_never_sent() -> None:
    with pytest.raises(ValueError, match="not a message id"):
        sign([SECRET], "msg.1", NOW, BODY)


def test_a_sealed_secret_opens_with_the_same_key_for_the_same_owner_only() -> None:
    sealed = seal(KEY, SECRET, owner="acme/outgoing")

    assert unseal(KEY, sealed, owner="acme/outgoing") == SECRET
    assert SECRET.encode() not in sealed
    assert sealed != seal(KEY, SECRET, owner="acme/outgoing")
    for key, kept, owner in (
        (KEY, sealed, "acme/callback"),
        (bytes(32), sealed, "acme/outgoing"),
        (KEY, sealed[:-1], "acme/outgoing"),
        (KEY, b"", "acme/outgoing"),
    ):
        with pytest.raises(SecretMalformed):
            unseal(key, kept, owner=owner)
