"""Hierarchical escalation as a command."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.vocabulary import HandoverMode, Text
from tier_queues.command_parts import Command, Part


class FiveParts(Part):
    """What spares the customer a second asking; the same as of every handover."""

    impact: Text
    findings: Text
    tried: Text
    ask: Text
    promised: Text


class Escalate(Command):
    """Call the lead or the customer's account manager: to know of it, or to own it, which is an offer to them.

    reason: why, for staff alone. parts: needed when they shall own it. mode: of that offer.
    """

    to: Literal["lead", "account-manager"]
    as_: Annotated[Literal["informed", "owner"], Field(alias="as")] = "informed"
    reason: Text
    parts: FiveParts | None = None
    mode: HandoverMode = HandoverMode.COLD

    @model_validator(mode="after")
    def _an_owner_needs_the_parts(self) -> Self:
        if self.as_ == "owner" and self.parts is None:
            raise ValueError("who shall own it needs the five parts")
        return self
