"""support.work: forms that customers are asked to fill in."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.events.form_parts import FIELDS_LIMIT, FormField
from shared.events.work import WorkFact
from shared.vocabulary import Moment, Text, Title, Word


class FormAsked(WorkFact, type="tierdesk.form-asked.v1"):
    """The owner asks the customer to fill in a form, which stays as it was then. name: the form's at the shelf.

    text: the same in words, as it stands in the conversation. until: how long the issue waits for the answer, if so.
    """

    form: UUID
    name: Word
    title: Title
    fields: Annotated[tuple[FormField, ...], Field(max_length=FIELDS_LIMIT)]
    text: Text
    until: Moment | None = None
