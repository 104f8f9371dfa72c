"""A consumer's table of contents: which handler takes effect of which facts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from shared import directories
from shared.db import Transaction
from shared.dead_letters import Apply
from shared.events import Envelope, Fact

Handler = Callable[..., Awaitable[None]]
"""`handler(tx, events, *context)`: takes effect of all events of its kind in one poll, with a few statements."""
Handlers = Mapping[type[Fact], Handler]


def by_handler(handlers: Handlers, *context: object) -> Apply:
    """What a consumer does with a poll: each handler gets its events together, in order, one handler after the other.

    Handlers take their turns in the table's order. context: what each is given besides. Raises what they raise.
    """
    turns = tuple(dict.fromkeys(handlers.values()))

    async def apply(tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
        shares: dict[Handler, list[Envelope[Any]]] = {}
        for event in events:
            shares.setdefault(handlers[type(event.data)], []).append(event)
        for handler in turns:
            if handler in shares:
                await handler(tx, shares[handler], *context)

    return apply


async def keep_entries(tx: Transaction, events: Sequence[Envelope[Any]], *_context: object) -> None:
    """The handler of other services' directory entries."""
    await directories.keep(tx, [event.data for event in events])
