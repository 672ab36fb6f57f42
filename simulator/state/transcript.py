"""What passed between the bot and the simulator, and warnings about it."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Enough for any test; a simulator that runs for days drops the oldest entries.
_MAX_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call of the bot: method, parameters, HTTP status, answer and fault, if any."""

    method: str
    params: dict[str, Any]
    status: int
    answer: Any
    at: datetime
    fault: str | None = None

    @property
    def ok(self) -> bool:
        """Return whether the call succeeded."""
        return bool(isinstance(self.answer, dict) and self.answer.get("ok"))


@dataclass(frozen=True, slots=True)
class Delivery:
    """One update delivered to the bot by `getUpdates`, `webhook` or `take_updates`."""

    update: dict[str, Any]
    way: str
    at: datetime


@dataclass(slots=True)
class Transcript:
    """Every call and delivery in order, and the warnings."""

    calls: deque[CallRecord] = field(default_factory=lambda: deque(maxlen=_MAX_ENTRIES))
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=_MAX_ENTRIES))
    warnings: list[str] = field(default_factory=list)

    def warn(self, sentence: str) -> None:
        """Record something that a well-behaved bot does not do."""
        self.warnings.append(sentence)

    def calls_of(self, method: str) -> list[CallRecord]:
        """Return the calls of one method, oldest first."""
        return [call for call in self.calls if call.method.lower() == method.lower()]

    @property
    def updates(self) -> list[dict[str, Any]]:
        """Return every delivered update in order, including repeated deliveries."""
        return [delivery.update for delivery in self.deliveries]
