"""In which state an issue may be given which command, and which states may follow. Pure data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.vocabulary import IssueState
from tier_queues import commands as c
from tier_queues import escalation, frontline, incidents, problem_links
from tier_queues import side_commands as side
from tier_queues import tidying_commands as tidy

QUEUED, ASSIGNED, WAITING, RESOLVED, CLOSED = IssueState

TRANSITIONS: Final[Mapping[tuple[IssueState, type[c.Command]], tuple[IssueState, ...]]] = MappingProxyType(
    {
        (QUEUED, c.Claim): (ASSIGNED,),
        (QUEUED, c.AcceptHandover): (ASSIGNED,),
        (QUEUED, c.Skip): (QUEUED,),
        (QUEUED, c.Note): (QUEUED,),
        (QUEUED, c.Reclassify): (QUEUED,),
        (QUEUED, c.SetPriority): (QUEUED,),
        (QUEUED, side.AnswerConsult): (QUEUED,),
        (QUEUED, side.CloseConsult): (QUEUED,),
        (QUEUED, side.AddParticipant): (QUEUED,),
        (QUEUED, side.Leave): (QUEUED,),
        (ASSIGNED, c.Claim): (ASSIGNED,),
        (ASSIGNED, c.PutBack): (QUEUED,),
        (ASSIGNED, c.Skip): (ASSIGNED, QUEUED),
        (ASSIGNED, c.Reply): (ASSIGNED,),
        (ASSIGNED, c.Note): (ASSIGNED,),
        (ASSIGNED, c.OfferHandover): (ASSIGNED,),
        (ASSIGNED, c.WithdrawOffer): (ASSIGNED,),
        (ASSIGNED, c.AcceptHandover): (ASSIGNED,),
        (ASSIGNED, c.ReturnHandover): (ASSIGNED,),
        (ASSIGNED, c.Wait): (WAITING,),
        (ASSIGNED, c.Forward): (WAITING,),
        (ASSIGNED, c.Reclassify): (ASSIGNED,),
        (ASSIGNED, c.SetPriority): (ASSIGNED,),
        (ASSIGNED, c.Resolve): (RESOLVED,),
        (ASSIGNED, c.PromiseUpdate): (ASSIGNED,),
        (ASSIGNED, side.Consult): (ASSIGNED,),
        (ASSIGNED, side.AnswerConsult): (ASSIGNED,),
        (ASSIGNED, side.CloseConsult): (ASSIGNED,),
        (ASSIGNED, side.AddParticipant): (ASSIGNED,),
        (ASSIGNED, side.Leave): (ASSIGNED,),
        (ASSIGNED, side.OfferRemoteSession): (ASSIGNED,),
        (ASSIGNED, side.RecordRemoteFindings): (ASSIGNED,),
        (WAITING, c.PutBack): (QUEUED,),
        (WAITING, c.Reply): (WAITING,),
        (WAITING, c.Note): (WAITING,),
        (WAITING, c.Resume): (ASSIGNED, QUEUED),
        (WAITING, c.Forward): (WAITING,),
        (WAITING, c.Reclassify): (WAITING,),
        (WAITING, c.SetPriority): (WAITING,),
        (WAITING, c.Resolve): (RESOLVED,),
        (WAITING, c.PromiseUpdate): (WAITING,),
        (WAITING, side.Consult): (WAITING,),
        (WAITING, side.AnswerConsult): (WAITING,),
        (WAITING, side.CloseConsult): (WAITING,),
        (WAITING, side.AddParticipant): (WAITING,),
        (WAITING, side.Leave): (WAITING,),
        (WAITING, side.OfferRemoteSession): (WAITING,),
        (WAITING, side.RecordRemoteFindings): (WAITING,),
        (RESOLVED, c.Note): (RESOLVED,),
        (RESOLVED, side.AddParticipant): (RESOLVED,),
        (RESOLVED, side.Leave): (RESOLVED,),
        (RESOLVED, c.Reopen): (ASSIGNED, QUEUED),
        (RESOLVED, c.Close): (CLOSED,),
        (CLOSED, c.Note): (CLOSED,),
        **frontline.TRANSITIONS,
        **problem_links.TRANSITIONS,
        **escalation.TRANSITIONS | incidents.TRANSITIONS,
        **{(state, kind): (state,) for state in (QUEUED, ASSIGNED, WAITING, RESOLVED) for kind in tidy.ANYWHERE},
        (QUEUED, tidy.Merge): (RESOLVED,),
        (ASSIGNED, tidy.Merge): (RESOLVED,),
        (WAITING, tidy.Merge): (RESOLVED,),
        (ASSIGNED, tidy.Snooze): (WAITING,),
    }
)
"""State and command to the states that may follow; a pair it does not hold is refused, whoever asks.

Claim and accept are one command: an offered issue is an entry of the target's queue, and one that its owner put back
meanwhile waits there for the same people.
"""
