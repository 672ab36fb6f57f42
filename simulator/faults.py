"""Trouble on request: floods, broken servers, silence, cut connections, slow answers, and Telegram's own pacing."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class FaultKind(StrEnum):
    """What goes wrong with a call."""

    FLOOD = "flood"  # 429, with `retry_after` unless that is None
    SERVER_ERROR = "server error"  # 500 with a JSON body
    BAD_GATEWAY = "bad gateway"  # 502 with an HTML page, as a proxy in between sends it
    FORBIDDING_GATEWAY = (
        "forbidding gateway"  # 403 with JSON of its own, as a proxy in between sends it
    )
    EMPTY_ANSWER = "empty answer"  # nothing is done, and the answer is JSON with nothing in it
    BLOCKED = "blocked"  # 403, as if the person had blocked the bot
    UNRESOLVED = "unresolved"  # 400, as if the webhook's host could not be found just now
    SILENCE = "silence"  # nothing is done and nothing is answered
    SILENCE_AFTER = "silence after"  # the work is done, but nothing is answered
    CUT_BEFORE = "cut before"  # the connection is cut and nothing is done
    CUT_AFTER = "cut after"  # the work is done, then the connection is cut
    BROKEN_JSON = "broken json"  # the work is done, but the answer ends in the middle of its JSON
    SLOW = "slow"  # the work is done at once, and answered after `delay` seconds
    SLOW_BEFORE = "slow before"  # the work is done, and answered, only after `delay` seconds


class HasId(Protocol):
    """Whoever has a Telegram id: a person or a group."""

    @property
    def id(self) -> int:
        """Return the id."""


SLOW = frozenset({FaultKind.SLOW, FaultKind.SLOW_BEFORE})
WORK_IS_DONE = (
    frozenset({FaultKind.SILENCE_AFTER, FaultKind.CUT_AFTER, FaultKind.BROKEN_JSON}) | SLOW
)
WEBHOOK = "webhook"
"""Names, in place of a method, the posting of an update to the bot's webhook."""


@dataclass(slots=True)
class Fault:
    """A fault waiting for its calls: any method where `method` is None, anybody where `person` is None, for ever where `times` is None.

    Only one that names it meets the posting of updates.
    """

    kind: FaultKind
    method: str | None
    person: int | None
    times: int | None
    retry_after: int | None
    delay: float = 1.0

    def fits(self, method: str, person: int | None) -> bool:
        """Say whether this fault is meant for such a call."""
        named = self.method == method.lower() or (self.method is None and method != WEBHOOK)
        return self.times != 0 and named and self.person in (None, person)

    def waits_before(self) -> float:
        """Return for how many seconds the work is put off."""
        return self.delay if self.kind is FaultKind.SLOW_BEFORE else 0

    def waits_after(self) -> float:
        """Return for how many seconds the answer to work that is done is kept back."""
        return self.delay if self.kind is FaultKind.SLOW else 0


@dataclass(slots=True)
class Faults:
    """The faults asked for, taken in the order they were added.

    `latency`, if set, returns the seconds that the answer to a call of a method takes besides.
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
        """Ask for a fault on the next `times` calls of this method that concern this person or chat; an unknown kind raises ValueError.

        The method `webhook` is the posting of updates, which can only be slow.
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
        """Let everything go well again."""
        self.waiting.clear()

    def take(self, method: str, person: int | None) -> Fault | None:
        """Return the fault this call meets, counting it off, or None."""
        fault = next((fault for fault in self.waiting if fault.fits(method, person)), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
        self.waiting = [fault for fault in self.waiting if fault.times != 0]
        return fault


@dataclass(slots=True)
class FloodLimits:
    """Telegram's pacing, off until `enabled`: so many messages a second over all chats, and one a second in each, in short bursts."""

    enabled: bool = False
    per_second: int = 30
    chat_burst: int = 3
    sent: deque[float] = field(default_factory=deque)
    owed_until: dict[int, float] = field(default_factory=dict)

    def wait_for(self, chat_id: int, now: float) -> int | None:
        """Count a message at this moment (Unix seconds) and return None, or return the seconds to wait where it is one too many."""
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
