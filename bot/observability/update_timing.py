"""When an update was received, as a context variable for all that is done for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from telegram import Update


@dataclass(frozen=True, slots=True)
class UpdateTiming:
    """The kind of an update, and when it was received by the event loop's clock."""

    kind: str
    at: float

    @property
    def age(self) -> float:
        """Seconds since the update was received."""
        return asyncio.get_running_loop().time() - self.at


UPDATE_TIMING: ContextVar[UpdateTiming | None] = ContextVar("update_timing", default=None)


@contextmanager
def received(update: Update) -> Iterator[None]:
    """Set the timing of an update to now for the block and for the tasks that it starts."""
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
