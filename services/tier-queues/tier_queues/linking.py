"""Issues that belong together, and tags: what happens to both sides of a link."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.events import tidying, work
from shared.vocabulary import Resolution
from tier_queues import ending
from tier_queues.circumstances import Circumstances
from tier_queues.links import FOLLOWING, INVERSE, LINKS_LIMIT, TAGS_LIMIT, Link, Relation
from tier_queues.record import TIERDESK, TOLD_OF, Decision, Issue
from tier_queues.refusals import Unacceptable, Unrelatable
from tier_queues.tidying_commands import LinkTo, Merge, Split, Tag, Unlink, Untag


def tag(decision: Decision, command: Tag, given: Circumstances) -> Decision:
    """Tags in the order in which they came. Raises Unacceptable."""
    tags = tuple(dict.fromkeys((*decision.issue.tags, *command.tags)))
    if len(tags) > TAGS_LIMIT:
        raise Unacceptable("too-many-tags", f"An issue has {TAGS_LIMIT} tags at most.")
    return _tagged(decision, tags, given)


def untag(decision: Decision, command: Untag, given: Circumstances) -> Decision:
    """Without these tags."""
    return _tagged(decision, tuple(tag for tag in decision.issue.tags if tag not in command.tags), given)


def _tagged(decision: Decision, tags: tuple[str, ...], given: Circumstances) -> Decision:
    return decision.then(tidying.TagsChanged, actor=given.actor, at=given.now, change={"tags": tags}, tags=tags)


def link(decision: Decision, command: LinkTo, given: Circumstances) -> Decision:
    """Another issue belongs to this one. Raises Unacceptable, Unrelatable."""
    other = other_issue(decision.issue, command.other, given)
    if follows(decision.issue, other.id):
        raise Unrelatable("follows-incident", "One of the two follows the other already.")
    if is_merged(decision.issue, other.id):
        raise Unrelatable("merged-already", "One of the two was merged into the other.")
    return linked(decision, other, command.relation, given)


def unlink(decision: Decision, command: Unlink, given: Circumstances) -> Decision:
    """Another issue no longer belongs to this one. Raises Unacceptable."""
    if follows(decision.issue, command.other):
        raise Unrelatable("follows-incident", "One of the two follows the other; let it leave the incident.")
    return unlinked(decision, command.other, given)


def unlinked(decision: Decision, other: UUID, given: Circumstances) -> Decision:
    """Without a link, whatever it was. Raises Unacceptable."""
    link = _link_to(decision.issue, other)
    if link is None:
        raise Unacceptable("not-linked", "These issues are not linked.")
    return _unlinked(decision, link, given)


def merge(decision: Decision, command: Merge, given: Circumstances) -> Decision:
    """Resolved as a duplicate. Raises Unacceptable, Unrelatable.

    Who is merged has no duplicates and a master is no duplicate (a guard sees to the one, this to the other), so that
    there are neither chains nor cycles.
    """
    into = other_issue(decision.issue, command.into, given)
    if master_of(into) is not None:
        raise Unrelatable("merged-itself", "That issue was merged itself; merge into its master.", into=master_of(into))
    if into.is_over:
        raise Unrelatable("master-is-over", "That issue is over; reopen it, or resolve this one.", state=into.state)
    decision = linked(decision, into, Relation.DUPLICATE_OF, given)
    return ending.resolved(
        decision, Resolution.DUPLICATE, command.text, actor=given.actor, at=given.now, policies=given.policies
    )


def split(decision: Decision, command: Split, given: Circumstances) -> Decision:
    """The part told as an issue of its own; what it is cut from stays as it is. Raises Unacceptable."""
    issue = decision.issue
    if any(entry > issue.version for entry in command.messages):
        raise Unacceptable("unknown-entry", "The timeline has no such entry.")
    if len(issue.links) >= LINKS_LIMIT:
        raise Unacceptable("too-many-links", f"An issue has {LINKS_LIMIT} links at most.", issue=issue.id)
    return decision.then(
        tidying.IssueSplit,
        actor=given.actor,
        at=given.now,
        issue=issue.made_id("split"),
        title=command.title,
        text=command.text,
        category=command.category,
        entries=command.messages,
    )


def related(new: Issue, origin: Issue, *, now: datetime) -> tuple[Decision, Decision]:
    """A new issue and the one that it was split from, each with its link to the other."""
    return _joined(new, origin, Relation.SPLIT_FROM, now), _joined(origin, new, INVERSE[Relation.SPLIT_FROM], now)


def mirrored(other: Issue, before: Issue, after: Issue, given: Circumstances) -> Decision:
    """The other side of what has just been linked, unlinked or merged; no entries where nothing was.

    before, after: the issue whose links changed.
    """
    old, new = _link_to(before, other.id), _link_to(after, other.id)
    decision = Decision(other)
    if new is not None:
        return linked(decision, after, INVERSE[new.relation], given)
    own = _link_to(other, before.id)
    return decision if old is None or own is None else _unlinked(decision, own, given)


def informed(duplicate: Issue, master: UUID, text: str, *, actor: work.Actor, at: datetime) -> Decision:
    """What the customers of a duplicate are told of its master; nothing once the merge was undone.

    It moves nothing and meets no promise: an issue that its customer has brought back is still owed an answer.
    """
    decision = Decision(duplicate)
    if master_of(duplicate) != master:
        return decision
    message = duplicate.made_id("message")
    private = {TOLD_OF: str(master)}
    return decision.then(work.IssueReplied, actor=actor, at=at, private=private, message=message, text=text)


def master_of(issue: Issue) -> UUID | None:
    """The issue that this one was merged into, or None."""
    return next((link.issue for link in issue.links if link.relation is Relation.DUPLICATE_OF), None)


def duplicates_of(issue: Issue) -> Sequence[UUID]:
    """The issues that were merged into this one."""
    return [link.issue for link in issue.links if link.relation is Relation.DUPLICATE]


def incident_of(issue: Issue) -> UUID | None:
    """The major incident that an issue follows, or None."""
    return next((link.issue for link in issue.links if link.relation is Relation.CHILD_OF), None)


def children_of(issue: Issue) -> Sequence[UUID]:
    """The issues that follow this one."""
    return [link.issue for link in issue.links if link.relation is Relation.CHILD]


def follows(issue: Issue, other: UUID) -> bool:
    """Whether one of the two follows the other, a major incident."""
    link = _link_to(issue, other)
    return link is not None and link.relation in FOLLOWING


def is_merged(issue: Issue, other: UUID) -> bool:
    """Whether one of the two was merged into the other."""
    link = _link_to(issue, other)
    return link is not None and link.relation in (Relation.DUPLICATE_OF, Relation.DUPLICATE)


def other_issue(issue: Issue, named: UUID, given: Circumstances) -> Issue:
    """The second issue that a command names. Raises Unacceptable."""
    if given.other is None or named == issue.id:
        raise Unacceptable("unknown-issue", "There is no such other issue.")
    return given.other


def _link_to(issue: Issue, other: UUID) -> Link | None:
    return next((link for link in issue.links if link.issue == other), None)


def linked(decision: Decision, other: Issue, relation: Relation, given: Circumstances) -> Decision:
    """With a link; one there was to the same issue gives way."""
    if sum(link.issue != other.id for link in decision.issue.links) >= LINKS_LIMIT:
        raise Unacceptable("too-many-links", f"An issue has {LINKS_LIMIT} links at most.", issue=decision.issue.id)
    fact = tidying.IssueMerged if relation is Relation.DUPLICATE_OF else tidying.IssueLinked
    return with_link(decision, Link(other.id, other.number, relation), fact, actor=given.actor, at=given.now)


def with_link(
    decision: Decision, made: Link, fact: type[tidying.LinkFact], *, actor: work.Actor, at: datetime
) -> Decision:
    """With this link in the place of one there was to the same issue."""
    links = tuple(link for link in decision.issue.links if link.issue != made.issue)
    return decision.then(
        fact,
        actor=actor,
        at=at,
        change={"links": (*links, made)},
        other=made.issue,
        number=made.number,
        relation=made.relation,
    )


def _joined(issue: Issue, other: Issue, relation: Relation, now: datetime) -> Decision:
    """With the link; an issue that meanwhile has as many as it may goes without, because facts are never refused."""
    if len(issue.links) >= LINKS_LIMIT:
        return Decision(issue)
    link = Link(other.id, other.number, relation)
    return with_link(Decision(issue), link, tidying.IssueLinked, actor=TIERDESK, at=now)


def _unlinked(decision: Decision, link: Link, given: Circumstances) -> Decision:
    links = tuple(one for one in decision.issue.links if one.issue != link.issue)
    return decision.then(
        tidying.IssueUnlinked,
        actor=given.actor,
        at=given.now,
        change={"links": links},
        other=link.issue,
        number=link.number,
        relation=link.relation,
    )
