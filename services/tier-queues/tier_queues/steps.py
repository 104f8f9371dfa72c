"""Commands that are given together, as macros and rules hold them. Pure."""

from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from shared.vocabulary import Word
from tier_queues.command_parts import Part
from tier_queues.commands import COMMANDS

STEPS_LIMIT: Final = 10


class Step(Part):
    """A command to be given. content: the body of its request; texts may hold placeholders."""

    command: Word
    content: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_a_command(self) -> Self:
        if self.command not in COMMANDS:
            raise ValueError(f"there is no command {self.command}")
        COMMANDS[self.command].model_validate(self.content)
        return self


Steps = Annotated[tuple[Step, ...], Field(min_length=1, max_length=STEPS_LIMIT)]
