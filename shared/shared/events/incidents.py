"""support.work: major incidents. Who belongs to one is told by links; what customers read is a reply."""

from shared.events.work import WorkFact
from shared.vocabulary import Word


class MajorIncidentDeclared(WorkFact, type="tierdesk.major-incident-declared.v1"):
    """Many wait for what this issue is about: others may join it and hear what becomes of it."""


class IncidentUpdated(WorkFact, type="tierdesk.incident-updated.v1"):
    """The customers of all who joined hear how it stands. children: how many issues that are."""

    children: int


class MajorIncidentEnded(WorkFact, type="tierdesk.major-incident-ended.v1"):
    """The issue is a major incident no longer. cause: resolved, lead."""

    cause: Word
