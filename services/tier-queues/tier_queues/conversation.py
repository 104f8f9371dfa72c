"""What customer and staff say to each other, what staff say among themselves, and what a vendor may read of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from shared.events import collaboration, work
from shared.events.issues import Attachment
from tier_queues import promises
from tier_queues.circumstances import Circumstances
from tier_queues.commands import Note, Reply
from tier_queues.participation import writing
from tier_queues.record import Decision, Issue
from tier_queues.refusals import UnseenMessages

MESSAGES_LIMIT_BYTES: Final = 64 * 1024
"""Messages that travel with one forward, as JSON."""


def reply(decision: Decision, command: Reply, given: Circumstances) -> Decision:
    """The owner writes to the customer. Raises UnseenMessages."""
    decision = read(decision, given, seen=command.seen, confirm=command.confirm)
    issue = decision.issue
    exception = command.exception_reason
    return decision.then(
        work.IssueReplied,
        actor=given.actor,
        at=given.now,
        change=answering(issue, given),
        private=None if exception is None else {"exception": exception},
        message=issue.made_id("message"),
        text=command.text,
        attachments=tuple(file.attachment() for file in command.attachments),
    )


def read(decision: Decision, given: Circumstances, *, seen: UUID | None, confirm: bool) -> Decision:
    """The issue with nothing unseen, as who answers the customer says; a rule reads nothing, whatever it confirms.

    Raises UnseenMessages when the customer wrote what nobody has read, and who answers does not say so.
    """
    issue = decision.issue
    if not issue.unseen:
        return decision
    if not confirm and seen != issue.newest_message:
        detail = "The customer wrote again; read it, then send with `seen` or `confirm`."
        raise UnseenMessages("unseen-messages", detail, message=issue.newest_message)
    if given.agent.by_rule is not None:
        return decision
    return Decision(replace(issue, unseen=False), decision.entries)


def answering(issue: Issue, given: Circumstances) -> dict[str, Any]:
    """The change by which the customer hears from the owner; what is still unseen is not answered by it."""
    clocks = issue.clocks if issue.unseen else promises.answered(issue, at=given.now, policies=given.policies)
    return {"clocks": clocks} | writing(issue, given.agent)


def note(decision: Decision, command: Note, given: Circumstances) -> Decision:
    """Somebody leaves a note; its text stays here. Whom it names is told that there is one."""
    made = decision.issue.made_id("note")
    decision = decision.then(
        work.IssueNoted,
        actor=given.actor,
        at=given.now,
        change=writing(decision.issue, given.agent),
        private={"text": command.text},
        note=made,
    )
    note_version = decision.issue.version
    for agent in given.mentioned:
        decision = decision.then(
            collaboration.AgentMentioned,
            actor=given.actor,
            at=given.now,
            private={"note_version": note_version},
            note=made,
            agent=agent.id,
            agent_name=agent.name,
        )
    return decision


def newest(
    messages: Sequence[work.PublicMessage], limit_bytes: int = MESSAGES_LIMIT_BYTES
) -> tuple[tuple[work.PublicMessage, ...], bool]:
    """The newest messages that fit, in order of writing, and whether older ones are missing.

    messages: oldest first. Of one that alone is too long, its beginning is kept: a vendor never gets nothing.
    """
    kept: list[work.PublicMessage] = []
    for message in reversed(messages):
        size = len(message.model_dump_json().encode())
        if size > limit_bytes:
            break
        limit_bytes -= size
        kept.insert(0, message)
    if messages and not kept:
        kept = [_shortened(messages[-1], limit_bytes)]
    return tuple(kept), len(kept) < len(messages) or kept != list(messages)


def _shortened(message: work.PublicMessage, limit_bytes: int) -> work.PublicMessage:
    # A character may become two to six bytes of JSON; half the room is enough to be understood.
    text = message.text.encode()[: limit_bytes // 2].decode(errors="ignore")
    return message.model_copy(update={"text": text})


def as_json(attachments: Sequence[Attachment]) -> list[dict[str, Any]]:
    """Attachments as an entry's private part keeps them."""
    return [attachment.model_dump(mode="json") for attachment in attachments]
