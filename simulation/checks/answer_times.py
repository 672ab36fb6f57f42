"""Checks that each tap is answered in time, unless trouble excuses it."""

from collections.abc import Iterator
from http import HTTPStatus

from simulation.world.stage import Stage
from simulator.state.chats import Tap
from simulator.state.transcript import CallRecord
from simulator.state.updates import TAPS_OF

_LIMIT_SECONDS = 15.0
# After a kill, a full disk or a fault of getUpdates, the bot catches up.
_RECOVERY_SECONDS = 30.0
# A chat in which an answer was lost waits up to two minutes for the next one.
_CHAT_SECONDS = 150.0


class AnswerTimes:
    """Follows the calls, and remembers the latest trouble of all and of each chat."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._known: object = None
        self._trouble_at = float("-inf")
        self._trouble_in_chat: dict[int, float] = {}
        self._answered: set[str] = set()

    def after_step(self) -> None:
        """Note trouble for everybody, and the people whose updates Telegram holds back."""
        stage = self._stage
        held = stage.simulator.world.updates.held
        if stage.uses_webhook:
            for person in held:
                self._trouble_in_chat[person % TAPS_OF] = self._now
        state = (
            stage.lives,
            stage.clock_error,
            stage.disk.failed_commits,
            stage.file_locks,
            len(stage.simulator.webhook.waits),
        )
        is_down = len(stage.processes) < stage.process_count
        if is_down or state != self._known or (held and not stage.uses_webhook):
            self._known = state
            self._trouble_at = self._now

    def follow(self, call: CallRecord) -> Iterator[str]:
        """Note the fault of a call; yield the tap that it answers too late."""
        tap = self._stage.simulator.world.taps.get(call.params.get("callback_query_id", ""))
        chat = tap.account.id if tap is not None else int(call.params.get("chat_id") or 0)
        if call.fault is not None or call.status == HTTPStatus.FORBIDDEN:
            if chat:
                self._trouble_in_chat[chat] = self._now
            else:
                self._trouble_at = self._now
        if tap is not None and tap.id not in self._answered:
            self._answered.add(tap.id)
            yield from self._check(tap)

    def _check(self, tap: Tap) -> Iterator[str]:
        """Yield a tap that was answered late without an excuse."""
        seconds = self._now - tap.at
        in_chat = self._trouble_in_chat.get(tap.account.id, float("-inf"))
        excused = self._trouble_at > tap.at - _RECOVERY_SECONDS or in_chat > tap.at - _CHAT_SECONDS
        if seconds > _LIMIT_SECONDS and not excused:
            yield f"the tap on {tap.label!r} was answered after {seconds:.0f} seconds"

    @property
    def _now(self) -> float:
        """The time in seconds since 1970."""
        return self._stage.kernel.clock().timestamp()
