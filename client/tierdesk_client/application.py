"""What a client application does for its customers, through intake."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from tierdesk_client.connection import Connection, good

ATTACHMENTS: Final = "/intake/attachments"


@dataclass(frozen=True, slots=True)
class Accepted:
    """An issue that will not be lost any more."""

    id: UUID
    number: int
    status_url: str


@dataclass(frozen=True)
class Application:
    """A client application, known by its API key."""

    connection: Connection
    api_key: str

    async def submit(
        self, *, customer: Mapping[str, Any], title: str, text: str, key: str | None = None, **fields: Any
    ) -> Accepted:
        """Post an issue. customer: `id`, or `email` and for a new one `name`; fields: as intake's document says.

        key: the same key posts the same issue once, whenever it is sent. Raises Refused, NoAnswer.
        """
        said = await self._post("/intake/issues", {"customer": customer, "title": title, "text": text, **fields}, key)
        return Accepted(UUID(said["id"]), said["number"], said["status_url"])

    async def issue(self, issue: UUID) -> Mapping[str, Any] | None:
        """The issue as its customer sees it; None when there is none. Raises Refused, NoAnswer."""
        view: Mapping[str, Any] | None = await self.connection.get(f"/intake/issues/{issue}", token=self.api_key)
        return view

    def issues(self) -> AsyncIterator[Mapping[str, Any]]:
        """All issues of the application, newest first."""
        return self.connection.rows("/intake/issues", token=self.api_key)

    def messages(self, issue: UUID) -> AsyncIterator[Mapping[str, Any]]:
        """What was said, as the customer sees it."""
        return self.connection.rows(f"/intake/issues/{issue}/messages", token=self.api_key)

    async def reply(self, issue: UUID, text: str, *, attachments: Sequence[UUID] = (), key: str | None = None) -> None:
        """A further message of the customer. attachments: that were uploaded. Raises Refused, NoAnswer."""
        await self._post(f"/intake/issues/{issue}/messages", {"text": text, "attachments": list(attachments)}, key)

    async def upload(self, name: str, content: bytes, *, media_type: str, key: str | None = None) -> UUID:
        """Store a file, to be named by an issue or a message within a day. Raises Refused, NoAnswer."""
        headers = {"X-File-Name": quote(name, safe=""), "Content-Type": media_type}
        answer = await self.connection.send(
            "POST", ATTACHMENTS, token=self.api_key, key=key, headers=headers, content=content
        )
        return UUID(good(f"POST {ATTACHMENTS}", answer).value["id"])

    async def answer_form(
        self,
        issue: UUID,
        form: UUID,
        answers: Mapping[str, str | float | bool | None],
        *,
        key: str | None = None,
    ) -> None:
        """Fill in a form that support asked. answers: by the names of its fields. Raises Refused, NoAnswer."""
        await self._post(f"/intake/issues/{issue}/forms/{form}", {"answers": dict(answers)}, key)

    async def reopen(self, issue: UUID, text: str, *, key: str | None = None) -> None:
        """The customer says that it is not solved. Raises Refused, NoAnswer."""
        await self._post(f"/intake/issues/{issue}/reopen", {"text": text}, key)

    async def withdraw(self, issue: UUID, reason: str, *, key: str | None = None) -> None:
        """The customer no longer needs an answer. Raises Refused, NoAnswer."""
        await self._post(f"/intake/issues/{issue}/withdraw", {"reason": reason}, key)

    async def consent(self, issue: UUID, session: UUID, *, granted: bool, key: str | None = None) -> None:
        """The customer says whether an agent may look at the screen. Raises Refused, NoAnswer."""
        await self._post(f"/intake/issues/{issue}/consent", {"session": str(session), "granted": granted}, key)

    async def rate(self, issue: UUID, score: int, *, comment: str | None = None, key: str | None = None) -> None:
        """What the customer thinks of the answer, 1 to 5. Raises Refused, NoAnswer."""
        await self._post(f"/intake/issues/{issue}/rating", {"score": score, "comment": comment}, key)

    async def _post(self, path: str, body: Any, key: str | None) -> Any:
        answer = await self.connection.send("POST", path, body, token=self.api_key, key=key)
        return good(f"POST {path}", answer).value
