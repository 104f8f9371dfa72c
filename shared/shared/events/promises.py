"""support.work: what is promised to customers, beside an issue's course."""

from shared.events.work import WorkFact
from shared.vocabulary import Moment


class UpdatePromised(WorkFact, type="tierdesk.update-promised.v1"):
    """The owner promised to write until a time; the customer sees it until the next reply or the answer."""

    until: Moment


class PromisesChanged(WorkFact, type="tierdesk.promises-changed.v1"):
    """The issue's clocks promise by another version of the policy; what was used of them stays used."""

    policy: int
