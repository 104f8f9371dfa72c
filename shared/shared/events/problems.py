"""support.work: what an issue has to do with a problem or a feature request behind many issues."""

from typing import Literal
from uuid import UUID

from shared.events.work import WorkFact
from shared.vocabulary import Title, Word


class ProblemFact(WorkFact):
    """Common to facts about an issue and a problem. problem_number: the problem's own, for people."""

    problem: UUID
    problem_number: int


class ProblemLinked(ProblemFact, type="tierdesk.problem-linked.v1"):
    """The issue has this cause, or asks for this feature. title: of the problem, as it was then."""

    kind: Literal["problem", "feature-request"] | str
    title: Title


class ProblemUnlinked(ProblemFact, type="tierdesk.problem-unlinked.v1"):
    """The issue does not belong to the problem. cause: agent, merged (into another, which is linked then)."""

    cause: Word


class WorkaroundPublished(ProblemFact, type="tierdesk.workaround-published.v1"):
    """There is a way around the issue's problem; its text is with the problem."""


class WorkaroundInserted(ProblemFact, type="tierdesk.workaround-inserted.v1"):
    """An agent took the workaround into what they write to the customer."""


class FixReleased(ProblemFact, type="tierdesk.fix-released.v1"):
    """The issue's problem is fixed in a release; the customer is told with the next fact."""

    release: Word
