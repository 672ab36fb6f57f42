"""Faults on request: floods, server errors, lost or slow answers, and Telegram's rate limits."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class FaultKind(StrEnum):
    """The kinds of fault."""

    FLOOD = "flood"  # 429, with `retry_after` unless it is None
    SERVER_ERROR = "server error"  # 500 with a JSON body
    BAD_GATEWAY = "bad gateway"  # 502 with an HTML page, as a proxy sends it
    FORBIDDING_GATEWAY = "forbidding gateway"  # 403 with foreign JSON, as a proxy sends it
    EMPTY_ANSWER = "empty answer"  # the method does not run; the answer is an empty JSON object
    BLOCKED = "blocked"  # 403, as if the person had blocked the bot
    UNRESOLVED = "unresolved"  # 400, as if the webhook's host name did not resolve
    SILENCE = "silence"  # the method does not run and nothing is answered
    SILENCE_AFTER = "silence after"  # the method runs, but nothing is answered
    CUT_BEFORE = "cut before"  # the connection is cut before the method runs
    CUT_AFTER = "cut after"  # the method runs, then the connection is cut
    BROKEN_JSON = "broken json"  # the method runs, but the answer is truncated JSON
    SLOW = "slow"  # the method runs at once; the answer comes after `delay` seconds
    SLOW_BEFORE = "slow before"  # the method runs after `delay` seconds


class HasId(Protocol):
    """A person or group with a Telegram id."""

    @property
    def id(self) -> int:
        """Return the id."""


SLOW = frozenset({FaultKind.SLOW, FaultKind.SLOW_BEFORE})
METHOD_RUNS = (
    frozenset({FaultKind.SILENCE_AFTER, FaultKind.CUT_AFTER, FaultKind.BROKEN_JSON}) | SLOW
)
WEBHOOK = "webhook"
"""The `method` value for posting an update to the bot's webhook."""


@dataclass(slots=True)
class Fault:
    """A fault that waits for matching calls.

    None means any `method`, any `person` or unlimited `times`. Only the method `webhook` matches
    the posting of updates.
    """

    kind: FaultKind
    method: str | None
    person: int | None
    times: int | None
    retry_after: int | None
    delay: float = 1.0

    def fits(self, method: str, person: int | None) -> bool:
        """Return whether this fault applies to a call."""
        named = self.method == method.lower() or (self.method is None and method != WEBHOOK)
        return self.times != 0 and named and self.person in (None, person)

    def waits_before(self) -> float:
        """Return the delay in seconds before the method runs."""
        return self.delay if self.kind is FaultKind.SLOW_BEFORE else 0

    def waits_after(self) -> float:
        """Return the delay in seconds before the answer, after the method has run."""
        return self.delay if self.kind is FaultKind.SLOW else 0


@dataclass(slots=True)
class Faults:
    """The active faults, used in the order they were added.

    `latency`, if set, returns the extra seconds before the answer to a method's call.
    """

    waiting: list[Fault] = field(default_factory=list)
    latency: Callable[[str], float] | None = None

    def add(
        self,
        kind: FaultKind | str,
        *,
        method: str | None = None,
        person: HasId | int | None = None,
        times: int | None = 1,
        retry_after: int | None = 1,
        delay: float = 1.0,
    ) -> Fault:
        """Add a fault for the next `times` calls of this method for this person or chat.

        The method `webhook` is the posting of updates, which can only be slow. Raises ValueError
        for an unknown kind.
        """
        person_id = person if isinstance(person, int | None) else person.id
        fault = Fault(
            FaultKind(kind),
            method.lower() if method else None,
            person_id,
            times,
            retry_after,
            delay,
        )
        if fault.method == WEBHOOK and fault.kind not in SLOW:
            raise ValueError(f"posting an update can be slow, but not {str(fault.kind)!r}")
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        self.waiting.clear()

    def take(self, method: str, person: int | None) -> Fault | None:
        """Return the fault for this call and count it, or return None."""
        fault = next((fault for fault in self.waiting if fault.fits(method, person)), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
        self.waiting = [fault for fault in self.waiting if fault.times != 0]
        return fault


@dataclass(slots=True)
class FloodLimits:
    """Telegram's rate limits, off until `enabled`: messages per second overall and in each chat.

    Short bursts are allowed.
    """

    enabled: bool = False
    per_second: int = 30
    chat_burst: int = 3
    sent: deque[float] = field(default_factory=deque)
    owed_until: dict[int, float] = field(default_factory=dict)

    def wait_for(self, chat_id: int, now: float) -> int | None:
        """Count a message at a Unix time; return the seconds to wait if it exceeds the limit."""
        if not self.enabled:
            return None
        while self.sent and self.sent[0] <= now - 1:
            self.sent.popleft()
        owed = max(self.owed_until.get(chat_id, now), now)
        if len(self.sent) >= self.per_second or owed - now > self.chat_burst - 1:
            return 1
        self.sent.append(now)
        self.owed_until[chat_id] = owed + 1
        return None
