"""API keys."""

from collections.abc import Callable

import pytest

from intake.keys import ApiKey, key_in, new_key


def test_a_key_is_read_back_from_its_text() -> None:
    key = new_key()
    assert key_in(str(key)) == key
    assert str(key).startswith("td_")


@pytest.mark.parametrize(
    "change", [lambda text: text[:-1], lambda text: text + "a", lambda text: " " + text, str.upper]
)
def test_nothing_else_is_a_key(change: Callable[[str], str]) -> None:
    assert key_in(change(str(new_key()))) is None


def test_a_digest_needs_the_whole_key_and_the_pepper() -> None:
    key, other = new_key(), new_key()
    assert key.digest(b"pepper") == ApiKey(key.id, key.secret).digest(b"pepper")
    assert key.digest(b"pepper") != key.digest(b"salt")
    assert ApiKey(key.id, other.secret).digest(b"pepper") != key.digest(b"pepper")
    assert key.secret.encode() not in key.digest(b"pepper")
