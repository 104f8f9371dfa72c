"""A form as admins send it, checked so strictly that whoever is asked it can fill it in."""

from typing import Annotated, Final, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from shared.api import Body
from shared.events.form_parts import FIELDS_LIMIT, FieldType, FormField, Help, asked_words
from shared.vocabulary import Title, Word, without_control_characters

FEWEST_CHOICES: Final = 2
WORDS_LIMIT: Final = 10_000
"""Characters of a whole form, which stands twice in the event that asks it: by fields, and in words."""


class FormFieldBody(FormField):
    """A question. choices: of a choice, and only there."""

    model_config = ConfigDict(extra="forbid")

    type: FieldType = FieldType.TEXT
    help: Annotated[Help, AfterValidator(without_control_characters)] | None = None

    @model_validator(mode="after")
    def _a_choice_has_choices(self) -> Self:
        if self.type is not FieldType.CHOICE and self.choices:
            raise ValueError("`choices` go with the type choice")
        if self.type is FieldType.CHOICE and len(set(self.choices)) < max(FEWEST_CHOICES, len(self.choices)):
            raise ValueError("a choice needs two choices or more, all different")
        return self


class FormBody(Body):
    """A form: what a customer is asked, in order. Together, its words are at most 10,000 characters."""

    title: Title
    category: Word | None = None
    fields: Annotated[tuple[FormFieldBody, ...], Field(min_length=1, max_length=FIELDS_LIMIT)]

    @model_validator(mode="after")
    def _can_be_filled_in(self) -> Self:
        if len({field.name for field in self.fields}) < len(self.fields):
            raise ValueError("two fields have the same name")
        if len(asked_words(self.title, self.fields)) > WORDS_LIMIT:
            raise ValueError(f"the form is longer than {WORDS_LIMIT} characters")
        return self
