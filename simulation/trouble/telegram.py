"""Telegram answers late, wrongly or never, and loses what it posts."""

from simulation.trouble.kind import Kind
from simulator.faults import WEBHOOK, FaultKind

_CALLS, _POSTS = 0.03, 0.02
_MOST_SECONDS_LATE = 14.0
_MOST_SECONDS_REFUSED = 20

# Each kind of answer, and how often compared with others.
_KINDS = {
    FaultKind.FLOOD: 2.0,
    FaultKind.SERVER_ERROR: 2.0,
    FaultKind.BAD_GATEWAY: 1.0,
    FaultKind.FORBIDDING_GATEWAY: 0.5,
    FaultKind.EMPTY_ANSWER: 0.5,
    FaultKind.BLOCKED: 0.3,
    FaultKind.SILENCE: 1.0,
    FaultKind.SILENCE_AFTER: 1.0,
    FaultKind.CUT_BEFORE: 1.0,
    FaultKind.CUT_AFTER: 1.0,
    FaultKind.BROKEN_JSON: 1.0,
    FaultKind.SLOW: 2.0,
    FaultKind.SLOW_BEFORE: 2.0,
}
_UNDISTURBED = {"getme"}


class Telegram(Kind):
    """Lets some calls fail, before or after their work was done, and loses some posts."""

    def begin(self) -> None:
        """Begin."""
        super().begin()
        self.stage.network.before_call = self._disturb_call
        self.stage.poster.loses = self._loses

    def end(self) -> None:
        """Answer all calls, and lose no posts."""
        super().end()
        self.stage.network.before_call = lambda _method: None
        self.stage.poster.loses = lambda: None

    def _disturb_call(self, method: str) -> None:
        if method.lower() in _UNDISTURBED or not self.random.chance(_CALLS):
            return
        kind = self.random.choose(tuple(_KINDS), tuple(_KINDS.values()))
        if kind is FaultKind.BLOCKED and not method.lower().startswith("send"):
            return
        self.faults += 1
        self.stage.simulator.faults.add(
            kind,
            method=method,
            retry_after=1 + self.random.below(_MOST_SECONDS_REFUSED),
            delay=self.random.between(0.2, _MOST_SECONDS_LATE),
        )

    def _loses(self) -> str | None:
        """Return when a post is lost: before it arrives, after its answer, or not at all."""
        if not self.random.chance(_POSTS):
            return None
        self.faults += 1
        if self.random.chance(0.3):
            # The next one is late as well.
            delay = self.random.between(0.2, _MOST_SECONDS_LATE)
            self.stage.simulator.faults.add(FaultKind.SLOW_BEFORE, method=WEBHOOK, delay=delay)
        return self.random.choose(("before", "after"))
