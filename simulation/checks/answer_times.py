"""Checks that taps are answered in time. Trouble excuses as much time as it took, and no more."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

from simulation.world.stage import Stage
from simulator.faults import FaultKind
from simulator.state.chats import Tap
from simulator.state.transcript import CallRecord

_LIMIT_SECONDS = 15.0
# After a restart, an outage or a failed commit, the bot catches up; its waits grow to 30 seconds.
_RECOVERY_SECONDS = 30.0
# A chat in which an answer was lost waits up to two minutes for the next one.
_LOST_ANSWER_SECONDS = 150.0
_LOST = {FaultKind.SILENCE, FaultKind.SILENCE_AFTER, FaultKind.SLOW, FaultKind.SLOW_BEFORE}
_RETRY_SECONDS = 30.0


@dataclass(slots=True)
class _Trouble:
    """When there was trouble, as spans of seconds since 1970, in order."""

    spans: list[tuple[float, float]] = field(default_factory=list)

    def note(self, begin: float, end: float) -> None:
        """Add a span, which may overlap the last one."""
        if self.spans and begin <= self.spans[-1][1]:
            begin, last = self.spans.pop()
            end = max(end, last)
        self.spans.append((begin, end))

    def within(self, begin: float, end: float) -> float:
        """Return for how many seconds of a span there was trouble."""
        return sum(max(0.0, min(end, last) - max(begin, first)) for first, last in self.spans)


class AnswerTimes:
    """Follows the calls, and remembers the trouble of all and of each chat."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._known: object = None
        self._seen_at = self._now
        self._of_all = _Trouble()
        self._in_chat: dict[int, _Trouble] = {}
        self._answered: set[str] = set()

    def after_step(self) -> None:
        """Note trouble for everybody, and the people whose updates Telegram holds back."""
        stage, now = self._stage, self._now
        held = stage.simulator.world.updates.held_people
        since, self._seen_at = self._seen_at, now
        if held and stage.uses_webhook:
            for person in held:
                self._chat(person).note(since, now + 1)
        elif held:
            self._of_all.note(since, now + 1)
        state = (
            stage.lives,
            stage.clock_error,
            stage.disk.failed_commits,
            stage.file_locks,
            len(stage.simulator.webhook.waits),
        )
        if len(stage.processes) < stage.process_count or state != self._known:
            self._known = state
            self._of_all.note(now, now + _RECOVERY_SECONDS)

    def follow(self, call: CallRecord) -> Iterator[str]:
        """Note the fault of a call; yield the tap that it answers too late."""
        tap = self._stage.simulator.world.taps.get(call.params.get("callback_query_id", ""))
        chat = tap.account.id if tap is not None else int(call.params.get("chat_id") or 0)
        if call.fault is not None or call.status == HTTPStatus.FORBIDDEN:
            lost = call.fault in _LOST
            seconds = _LOST_ANSWER_SECONDS if lost and chat else _RETRY_SECONDS
            if chat:
                self._chat(chat).note(self._now, self._now + seconds)
            elif call.method.lower() == "getupdates":
                self._of_all.note(self._now, self._now + seconds)
        if tap is not None and tap.id not in self._answered:
            self._answered.add(tap.id)
            yield from self._check(tap)

    def _chat(self, chat: int) -> _Trouble:
        """Return the trouble in a chat."""
        return self._in_chat.setdefault(chat, _Trouble())

    def _check(self, tap: Tap) -> Iterator[str]:
        """Yield a tap that was answered later than the limit and the trouble since explain."""
        begin = tap.at - _RECOVERY_SECONDS
        excused = self._of_all.within(begin, self._now)
        excused += self._chat(tap.account.id).within(begin, self._now)
        seconds = self._now - tap.at
        if seconds > _LIMIT_SECONDS + excused:
            yield f"the tap on {tap.label!r} was answered after {seconds:.0f} seconds"

    @property
    def _now(self) -> float:
        """The time in seconds since 1970."""
        return self._stage.kernel.clock().timestamp()
