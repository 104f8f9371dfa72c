"""PURE. The life of a model: it is a candidate, decides in the shadow, is followed, and can be taken back."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a model stands. At most one is in the shadow and at most one is active."""

    CANDIDATE = "candidate"
    SHADOW = "shadow"
    """Decides beside what is followed, and is compared with it."""
    ACTIVE = "active"
    REPLACED = "replaced"
    ROLLED_BACK = "rolled back"


class Step(StrEnum):
    """What an administrator may do with a model."""

    COMPARE = "compare"
    ACTIVATE = "activate"


NEXT: Final[Mapping[tuple[State, Step], State]] = {
    (State.CANDIDATE, Step.COMPARE): State.SHADOW,
    (State.REPLACED, Step.COMPARE): State.SHADOW,
    (State.ROLLED_BACK, Step.COMPARE): State.SHADOW,
    (State.SHADOW, Step.ACTIVATE): State.ACTIVE,
}
"""A model is followed only after it has decided in the shadow."""

MAKES_ROOM: Final[Mapping[State, State]] = {
    State.SHADOW: State.CANDIDATE,
    State.ACTIVE: State.REPLACED,
}
"""What becomes of the one that stood where another steps in."""


class NotAllowed(Exception):
    """The model is not where this step can be taken."""

    def __init__(self, state: State, step: Step) -> None:
        allowed = [one.value for at, one in NEXT if at is state]
        super().__init__(f"A model that is {state} cannot {step}; it can: {', '.join(allowed) or 'nothing'}.")
        self.state = state


def after(state: State, step: Step) -> State:
    """The state that a step leads to. Raises NotAllowed."""
    following = NEXT.get((state, step))
    if following is None:
        raise NotAllowed(state, step)
    return following
