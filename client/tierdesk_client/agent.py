"""What an agent, a lead or an administrator does, through tier-queues."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.cookies import SimpleCookie
from typing import Any, Final
from uuid import UUID, uuid4

from tierdesk_client.commands import Commands
from tierdesk_client.connection import PAGE_ROWS, Answer, Connection, good, rows_of
from tierdesk_client.issue import Issue
from tierdesk_client.refusals import Refused

RENEW_BEFORE: Final = timedelta(seconds=60)
"""A token that ends so soon is exchanged for a fresh one before anything is sent with it."""
UNAUTHENTICATED: Final = 401
IDS_AT_ONCE: Final = 100
SESSION: Final = "/tier-queues/session"
SESSION_COOKIE: Final = "tierdesk_session"


@dataclass
class Agent(Commands):
    """Somebody who is signed in; the session is renewed as long as it is used."""

    connection: Connection
    id: str
    token: str
    expires_at: datetime
    _session: str = field(repr=False)

    async def command(
        self,
        issue: UUID,
        name: str,
        body: Mapping[str, Any],
        *,
        expected: int | None = None,
        key: str | None = None,
    ) -> Issue:
        """Give a command by its name in URLs; the methods named after commands are made of this.

        expected: the version that the command is meant for. Raises Refused, NoAnswer.
        """
        said = await self.post(f"/tier-queues/issues/{issue}/{name}", dict(body), expected=expected, key=key)
        return Issue.of(said)

    async def claim_next(self, tier: int | None = None, *, key: str | None = None) -> Issue | None:
        """Claim what comes first for the agent at a tier, else at any; None when nothing is there."""
        where = "queue" if tier is None else f"tiers/{tier}"
        said = await self.post(f"/tier-queues/{where}/claim-next", None, key=key)
        return None if said is None else Issue.of(said)

    async def issue(self, issue: UUID) -> Issue | None:
        """Everything about an issue; None when there is none."""
        said = await self.get(f"/tier-queues/issues/{issue}")
        return None if said is None else Issue.of(said)

    async def issues(self, ids: Sequence[UUID]) -> list[Issue]:
        """Many issues at once; those that are not there are left out."""
        found = []
        for start in range(0, len(ids), IDS_AT_ONCE):
            asked = [str(issue) for issue in ids[start : start + IDS_AT_ONCE]]
            found += [Issue.of(said) for said in await self.get("/tier-queues/issues", ids=asked)]
        return found

    def queue(self) -> AsyncIterator[Issue]:
        """What can be claimed at any of the agent's tiers, as it comes first."""
        return self._issues("/tier-queues/queue")

    def mine(self) -> AsyncIterator[Issue]:
        """What the agent owns."""
        return self._issues("/tier-queues/mine")

    def tier(self, number: int, **filters: Any) -> AsyncIterator[Issue]:
        """What lies at a tier. filters: as the document says, e.g. `team`, `state`."""
        return self._issues(f"/tier-queues/tiers/{number}/issues", **filters)

    def search(self, **filters: Any) -> AsyncIterator[Issue]:
        """What is found by words (`q`) and filters."""
        return self._issues("/tier-queues/search", **filters)

    async def timeline(self, issue: UUID) -> AsyncIterator[Mapping[str, Any]]:
        """What happened to an issue."""
        async for entry in self.rows(f"/tier-queues/issues/{issue}/timeline", limit=100):
            yield entry

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON value at any path of any service; None when there is nothing. Raises Refused, NoAnswer."""
        return await self._signed(lambda token: self.connection.get(path, token=token, **query))

    def rows(self, path: str, *, limit: int = PAGE_ROWS, **query: Any) -> AsyncIterator[Any]:
        """The rows of any list, however long the session lasts. limit: rows of a page. Raises Refused, NoAnswer."""
        return rows_of(partial(self.get, path, **query), limit)

    async def post(self, path: str, body: Any, *, expected: int | None = None, key: str | None = None) -> Any:
        """The JSON value of the answer, None when it is empty. Raises Refused, NoAnswer."""
        key = key or str(uuid4())

        async def sent(token: str) -> Any:
            answer = await self.connection.send("POST", path, body, token=token, expected=expected, key=key)
            return good(f"POST {path}", answer).value

        return await self._signed(sent)

    async def sign_out(self) -> None:
        """End the session everywhere. Raises Refused, NoAnswer."""
        good(f"DELETE {SESSION}", await self.connection.send("DELETE", SESSION, token=self.token))

    async def _issues(self, path: str, **query: Any) -> AsyncIterator[Issue]:
        async for said in self.rows(path, **query):
            yield Issue.of(said)

    async def _signed(self, ask: Callable[[str], Awaitable[Any]]) -> Any:
        """What is asked with a token that lasts; once more with a fresh one when it turns out to have ended."""
        if datetime.now(UTC) >= self.expires_at - RENEW_BEFORE:
            await self._renew()
        token = self.token
        try:
            return await ask(token)
        except Refused as refused:
            if refused.status != UNAUTHENTICATED:
                raise
        if self.token == token:
            await self._renew()
        return await ask(self.token)

    async def _renew(self) -> None:
        cookie = {"Cookie": f"{SESSION_COOKIE}={self._session}"}
        answer = good(f"POST {SESSION}/renew", await self.connection.send("POST", f"{SESSION}/renew", headers=cookie))
        self.token, self.expires_at = answer.value["token"], _ends(answer)


async def sign_in(connection: Connection, agent: str, password: str) -> Agent:
    """Sign in. Raises Refused (401) when the password is wrong, and NoAnswer."""
    answer = good(f"POST {SESSION}", await connection.send("POST", SESSION, {"agent": agent, "password": password}))
    return Agent(connection, agent, answer.value["token"], _ends(answer), _session_in(answer))


def _ends(answer: Answer) -> datetime:
    return datetime.fromisoformat(answer.value["expires_at"])


def _session_in(answer: Answer) -> str:
    """The value of the session's cookie, which renews tokens."""
    cookies = [SimpleCookie(line) for line in answer.headers.get_list("set-cookie")]
    return next(cookie[SESSION_COOKIE].value for cookie in cookies if SESSION_COOKIE in cookie)
