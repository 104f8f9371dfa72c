"""What somebody may send who is not allowed in: nothing, forgeries, and what was good once."""

import base64
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from shared.auth import ALGORITHM, TOKEN_COOKIE, Caller, claims_of
from shared.ids import new_id
from shared.vocabulary import Role
from support.people import new_signing_key, public_keys, signing_key, token
from support.whole import SIGNED_OUT

LIFE_SECONDS = 900


def refused_credentials() -> dict[str, dict[str, str]]:
    """Headers by what is wrong with them. Every token is an administrator's, were it good."""
    tokens = {
        "forged": token(Role.ADMIN, key=new_signing_key()),
        "expired": token(Role.ADMIN, life=timedelta(seconds=-1)),
        "signed out": token(Role.ADMIN, session=SIGNED_OUT),
        "alg none": _unsigned({"alg": "none"}),
        "unlisted algorithm": _symmetric(),
        "other audience": _signed(aud="somebody-else"),
        "other issuer": _signed(iss="somebody-else"),
        "no audience": _signed(without="aud"),
        "no issuer": _signed(without="iss"),
        "no expiry": _signed(without="exp"),
        "no session": _signed(without="sid"),
        "unknown role": _signed(role="emperor"),
        "expiry is text": _signed(exp="tomorrow"),
        "tiers are no list": _signed(tiers=7),
        "altered": _altered(),
        "not a token": "x.y.z",
        "unknown API key": f"td_{'0' * 16}_{'A' * 43}",
        "not quite an API key": "td_",
    }
    bearers = {name: {"authorization": f"Bearer {value}"} for name, value in tokens.items()}
    return bearers | {
        "nothing": {},
        "no token": {"authorization": "Bearer"},
        "other scheme": {"authorization": f"Basic {token(Role.ADMIN)}"},
        "forged cookie": {"cookie": f"{TOKEN_COOKIE}={tokens['forged']}"},
        "unsigned message": {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,AA=="},
    }


def _claims() -> dict[str, Any]:
    caller = Caller("staff", "mallory", "Mallory", Role.ADMIN, frozenset({1}), frozenset(), new_id())
    now = int(time.time())
    return claims_of(caller, issued_at=now, expires_at=now + LIFE_SECONDS)


def _signed(*, without: str | None = None, **changes: Any) -> str:
    """A token that our own key signed over claims that are not as they should be."""
    claims = {name: value for name, value in (_claims() | changes).items() if name != without}
    key = OKPKey.import_key(json.loads(signing_key()))
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key, algorithms=[ALGORITHM])


def _symmetric() -> str:
    """The old trick: HMAC with the public key, which everybody knows, as its secret."""
    public = json.loads(public_keys())["keys"][0]
    key = OctKey.import_key(base64.urlsafe_b64decode(public["x"] + "=="))
    return jwt.encode({"alg": "HS256", "kid": public["kid"]}, _claims(), key, algorithms=["HS256"])


def _unsigned(header: Mapping[str, str]) -> str:
    return ".".join((*(_encoded(part) for part in (header, _claims())), ""))


def _altered() -> str:
    """An agent's token whose claims were raised to an administrator's, under the old signature."""
    header, _, signature = token(Role.AGENT).split(".")
    return f"{header}.{_encoded(_claims())}.{signature}"


def _encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
