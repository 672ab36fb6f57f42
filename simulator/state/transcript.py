"""What passed between the bot and the simulator, and what a strict reader would say to it."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Enough for any test; a simulator left running for days forgets the oldest.
_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call of the bot: method, parameters (files by name and size), HTTP status, answer, and the fault it met, if any."""

    method: str
    params: dict[str, Any]
    status: int
    answer: Any
    at: datetime
    fault: str | None = None

    @property
    def ok(self) -> bool:
        """Say whether Telegram did what was asked."""
        return bool(isinstance(self.answer, dict) and self.answer.get("ok"))


@dataclass(frozen=True, slots=True)
class Delivery:
    """One update handed to the bot, and how: by `getUpdates`, `webhook` or `take_updates`."""

    update: dict[str, Any]
    way: str
    at: datetime


@dataclass(slots=True)
class Transcript:
    """Every call and every delivery in order, and the warnings."""

    calls: deque[CallRecord] = field(default_factory=lambda: deque(maxlen=_KEPT))
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=_KEPT))
    warnings: list[str] = field(default_factory=list)

    def warn(self, sentence: str) -> None:
        """Note something a well-behaved bot would not do."""
        self.warnings.append(sentence)

    def calls_of(self, method: str) -> list[CallRecord]:
        """Return the calls of one method, oldest first."""
        return [call for call in self.calls if call.method.lower() == method.lower()]

    @property
    def updates(self) -> list[dict[str, Any]]:
        """Return every update delivered, in order, a repeated one as often as it was repeated."""
        return [delivery.update for delivery in self.deliveries]
