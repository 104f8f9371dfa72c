"""An issue as a row of its table, and back. Pure."""

import json
from typing import Any, Final

from pydantic import TypeAdapter

from shared.vocabulary import FAR_FUTURE, VENDOR_TIER, IssueState
from tier_queues.record import Issue

_ISSUE: Final = TypeAdapter(Issue)
_CONSTANT: Final = frozenset({"number", "accepted_at", "title", "weight"})
"""Columns that never change after the insert."""


def issue_of(body: str) -> Issue:
    """The issue in a row's body."""
    return _ISSUE.validate_json(body)


def row_of(issue: Issue) -> dict[str, Any]:
    """An issue as a row."""
    next_due, breach = issue.next_due, issue.next_breach
    return {
        "id": issue.id,
        "number": issue.number,
        "version": issue.version,
        "state": issue.state.value,
        "waiting_for": issue.waiting_for and issue.waiting_for.value,
        "tier": issue.tier,
        "team": issue.team,
        "owner": issue.owner,
        "owner_name": issue.owner_name,
        "held": issue.held,
        "unseen": issue.unseen,
        "triage": issue.triage,
        "priority": issue.priority,
        "category": issue.category,
        "title": issue.title,
        **_queue_columns(issue),
        "deadline": issue.deadline,
        "timer_tier": issue.watching_tier if issue.tier == VENDOR_TIER else issue.tier,
        "next_due": None if next_due == FAR_FUTURE else next_due,
        "accepted_at": issue.accepted_at,
        "updated_at": issue.last_at,
        "ended_at": (issue.resolved_at or issue.last_at) if issue.is_over else None,
        "breach_at": breach.breach_at if breach else None,
        "breach_clock": breach.name if breach else None,
        "weight": issue.weight,
        "skills": json.dumps(issue.asked_skills) if issue.asked_skills else None,
        "tags": json.dumps(issue.tags) if issue.tags else None,
        "major": issue.major,
        "queued_since": issue.offer.offered_at if issue.offer else issue.queued_since,
        "body": _ISSUE.dump_json(issue).decode(),
    }


def _queue_columns(issue: Issue) -> dict[str, Any]:
    target = issue.queue
    offered = target is not None and issue.state is not IssueState.QUEUED
    return {
        "queue_tier": target and target.tier,
        "queue_team": target and target.team,
        "queue_agent": target and target.agent,
        "members_only": offered and target is not None and target.team is not None and target.agent is None,
    }


def changing(row: dict[str, Any]) -> dict[str, Any]:
    """What of a row may be other than when it was inserted."""
    return {column: value for column, value in row.items() if column not in _CONSTANT}
