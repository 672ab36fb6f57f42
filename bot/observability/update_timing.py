"""When an update came in, known to all that is done for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from telegram import Update


@dataclass(frozen=True, slots=True)
class UpdateTiming:
    """What kind of update came in, and when by the event loop's clock."""

    kind: str
    at: float

    @property
    def age(self) -> float:
        """How many seconds ago it came in."""
        return asyncio.get_running_loop().time() - self.at


UPDATE_TIMING: ContextVar[UpdateTiming | None] = ContextVar("receipt", default=None)


@contextmanager
def received(update: Update) -> Iterator[None]:
    """Let all that is done in the block, and what it sets going, know that the update came in now."""
    token = UPDATE_TIMING.set(UpdateTiming(kind_of(update), asyncio.get_running_loop().time()))
    try:
        yield
    finally:
        UPDATE_TIMING.reset(token)


def kind_of(update: object) -> str:
    """Return the kind of an update in one word."""
    match update:
        case Update(message=message) if message:
            return "message"
        case Update(callback_query=tap) if tap:
            return "tap"
        case Update(edited_message=message) if message:
            return "edited"
        case Update(my_chat_member=change) if change:
            return "membership"
    return "other"
