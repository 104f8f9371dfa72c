"""HTTP in and out: what client applications do with their issues. Decides nothing."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, Field, StrictBool, StrictFloat, StrictInt, StrictStr, TypeAdapter

from intake import handlers, views
from intake.applications import Application, Applications
from intake.handlers import Wish
from intake.ratings import Rating
from intake.settings import Settings
from intake.submission import AttachmentIds, Submit, SubmitBody, unvouched
from intake.views import IssueLine, IssueView, MessageView
from shared import trace
from shared.api import Api, Body, CallerOf, Command, CommandHeaders, etag
from shared.customer_state import CustomerState
from shared.db import Database
from shared.events.form_parts import FIELDS_LIMIT
from shared.events.issues import Score
from shared.idempotency import Answer, once
from shared.paging import Cursor, Limit, Page, key_in
from shared.problems import not_found
from shared.together import Together
from shared.vocabulary import Text, Word

_CURSOR = TypeAdapter(tuple[UUID])


class Accepted(BaseModel):
    """The issue is kept. status_url: where it can be followed, relative to the host."""

    id: UUID
    number: int
    status_url: str


class Noted(BaseModel):
    """What was said is kept. message: its id, when there was a text."""

    issue: UUID
    message: UUID | None


class ReplyBody(Body):
    """A customer's message. attachments: uploads of the same application that nothing uses yet."""

    text: Text
    attachments: AttachmentIds = ()


class ReopenBody(Body):
    """Why a solved issue is not solved."""

    text: Text | None = None


class WithdrawBody(Body):
    """Why no answer is needed any more."""

    reason: Text | None = None


class FormAnswersBody(Body):
    """Answers by the names of the form's fields: text, number, true or false; a date as 2026-12-24; null for none."""

    answers: Annotated[
        dict[Word, StrictStr | StrictBool | StrictInt | StrictFloat | None], Field(max_length=FIELDS_LIMIT)
    ]


class RatingBody(Body):
    """How satisfied the customer is with the answer. score: 1, not at all, to 5."""

    score: Score
    comment: Text | None = None


class ConsentBody(Body):
    """Whether support may look at the customer's machine. session: the id of the message that asks for it."""

    session: UUID
    granted: bool


def add_submitting(api: Api, accepting: Together[Submit, Answer], applications: Applications) -> None:
    """`POST /intake/issues`."""

    @api.post("/issues", allow=applications.allow(), status_code=202, response_model=Accepted)
    async def submit(body: SubmitBody, command: Command) -> Response:
        """Accept an issue; once this is answered, it is never lost."""
        caller = _application(command.caller)
        if not caller.vouches and body.customer.claims_entitlement:
            raise unvouched()
        answer = await accepting.submit(Submit(command.key, caller.id, caller.vouches, body, trace.current()))
        return answer.response()


def _application(caller: Any) -> Application:
    assert isinstance(caller, Application)
    return caller


def add_commands(api: Api, db: Database, applications: Applications, settings: Settings) -> None:
    """What customers may do with an issue."""

    def wish(issue: UUID, command: CommandHeaders) -> Wish:
        return Wish(command.caller.id, issue, command.expected)

    @api.post("/issues/{issue}/messages", allow=applications.allow(), status_code=202, response_model=Noted)
    async def reply(issue: UUID, body: ReplyBody, command: Command) -> Response:
        """Write again; refused only when the issue is closed."""
        asked = wish(issue, command)
        answer = await once(db, command.key, lambda tx: handlers.reply(tx, asked, body.text, body.attachments))
        return answer.response()

    @api.post("/issues/{issue}/reopen", allow=applications.allow(), status_code=202, response_model=Noted)
    async def reopen(issue: UUID, body: ReopenBody, command: Command) -> Response:
        """Say that a solved issue is not solved."""
        asked = wish(issue, command)
        return (await once(db, command.key, lambda tx: handlers.reopen(tx, asked, body.text))).response()

    @api.post("/issues/{issue}/withdraw", allow=applications.allow(), status_code=202, response_model=Noted)
    async def withdraw(issue: UUID, body: WithdrawBody, command: Command) -> Response:
        """Say that no answer is needed any more."""
        asked = wish(issue, command)
        return (await once(db, command.key, lambda tx: handlers.withdraw(tx, asked, body.reason))).response()

    @api.post("/issues/{issue}/consent", allow=applications.allow(), status_code=202, response_model=Noted)
    async def consent(issue: UUID, body: ConsentBody, command: Command) -> Response:
        """Allow or refuse an offered remote session."""
        asked = wish(issue, command)
        answer = await once(db, command.key, lambda tx: handlers.consent(tx, asked, body.session, granted=body.granted))
        return answer.response()

    @api.post("/issues/{issue}/rating", allow=applications.allow(), status_code=202, response_model=Noted)
    async def rate(issue: UUID, body: RatingBody, command: Command) -> Response:
        """Say what the answer was worth; a later rating takes the place of an earlier one, for some days."""
        asked, rating = wish(issue, command), Rating(body.score, body.comment)
        answer = await once(
            db, command.key, lambda tx: handlers.rate(tx, asked, rating, changeable=settings.rating_changeable)
        )
        return answer.response()

    @api.post("/issues/{issue}/forms/{form}", allow=applications.allow(), status_code=202, response_model=Noted)
    async def answer_form(issue: UUID, form: UUID, body: FormAnswersBody, command: Command) -> Response:
        """Fill in a form that support asked; refused when it is answered already or the issue is closed."""
        asked = wish(issue, command)
        answer = await once(db, command.key, lambda tx: handlers.answer_form(tx, asked, form, body.answers))
        return answer.response()


def add_views(api: Api, db: Database, applications: Applications) -> None:
    """What client applications see of their issues."""

    @api.get("/issues", allow=applications.allow())
    async def list_issues(
        caller: CallerOf,
        reference: Annotated[Word | None, Query(description="The application's own reference.")] = None,
        state: CustomerState | None = None,
        limit: Limit = 50,
        after: Cursor = None,
    ) -> Page[IssueLine]:
        """The application's issues, newest first."""
        async with db.transaction() as tx:
            return await views.issues_of(
                tx, caller.id, reference=reference, state=state, limit=limit, after=_after(after)
            )

    @api.get("/issues/{issue}", allow=applications.allow())
    async def show_issue(issue: UUID, caller: CallerOf, response: Response) -> IssueView:
        """An issue as its customer sees it."""
        async with db.transaction() as tx:
            found = await views.issue_of(tx, caller.id, issue)
        if found is None:
            raise not_found()
        response.headers.append(*etag(found[1]))
        return found[0]

    @api.get("/issues/{issue}/messages", allow=applications.allow())
    async def list_messages(
        issue: UUID, caller: CallerOf, limit: Limit = 50, after: Cursor = None
    ) -> Page[MessageView]:
        """The conversation, newest first."""
        async with db.transaction() as tx:
            if not await views.exists(tx, caller.id, issue):
                raise not_found()
            return await views.messages_of(tx, issue, limit=limit, after=_after(after))


def _after(cursor: str | None) -> UUID | None:
    return None if cursor is None else key_in(cursor, _CURSOR)[0]
