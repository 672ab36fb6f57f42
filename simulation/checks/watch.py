"""Watches a run: what must hold after every step, and when everything is at rest."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from sqlite3 import Connection
from typing import Any

from simulation.checks.attempts import Attempts
from simulation.checks.calls import Calls
from simulation.checks.cards import Cards
from simulation.checks.history_replay import HistoryReplay
from simulation.checks.nightly import untidied
from simulation.checks.replies import Replies
from simulation.checks.rest import at_rest, undrained
from simulation.people.actor import INVENTED, Actor
from simulation.world.kernel import MICROSECONDS
from simulation.world.stage import Stage
from simulator.state.raw import RawUpdate
from simulator.state.updates import chat_of

_MICROSECOND = timedelta(microseconds=1)
_SWEEPS_TO_TAKE_OVER = 2
# The bot compares its clocks now and then, and renews the leases of what it is sending.
_CLOCK_NOTICED = 20 * MICROSECONDS
_LEASES_OF_DEAD = """SELECT id FROM outbox
    WHERE state = 'due' AND lease_until IS NOT NULL AND leased_by NOT IN ({living})"""


class Watch:
    """Keeps the findings; each is one sentence."""

    def __init__(self, stage: Stage, actors: Sequence[Actor]) -> None:
        self.findings: list[str] = []
        self.found_at: int | None = None
        self.replay = HistoryReplay(lambda: stage.kernel.now)
        self.replies = Replies(self.replay)
        self.calls = Calls(stage, self.replies, actors)
        self._stage = stage
        self._actors = actors
        self._attempts = Attempts(self.replay)
        self._cards = Cards(stage)
        self._deaths = 0
        self._forged: set[tuple[int, int | None]] = set()
        self._deliveries = 0
        self._drained_at = 0
        self._waiting: dict[int, dict[str, Any]] = {}
        self._done: set[int] = set()
        self._odd = 0
        stage.on_commit = self._committed

    def report(self, findings: Iterable[str]) -> None:
        """Keep findings, each once."""
        for finding in findings:
            if finding not in self.findings:
                self.findings.append(finding)
                if self.found_at is None:
                    self.found_at = self._stage.kernel.now

    def after_step(self) -> None:
        """Check what the step did outside the database."""
        self._stage.raise_error_of_checks()
        if self._stage.log.errors:
            self.report(self._stage.log.take())
        if self._deaths != self._stage.deaths:
            self._deaths = self._stage.deaths
            self.calls.excuse_killed(self._stage.reader())
        self.calls.answer_times.after_step()
        if self.calls.has_more:
            self.report(self.calls.follow())

    def check_drained(self) -> None:
        """Check that nothing waits any more."""
        self._drained_at = self._stage.host_now
        self._check_quiet()

    def check_at_rest(self) -> None:
        """Check that all was sent and answered, and that people see the state of the database."""
        self._check_quiet()
        self.report(at_rest(self._stage, self.replay, self.calls))
        self.report(untidied(self._stage, self._drained_at))

    def _check_quiet(self) -> None:
        """Check that nothing waits, and that cards show the state of the database."""
        self.report(undrained(self._stage, self._done))
        self.report(self._cards.check(self._actors, {*self.calls.late, *self._forged}))

    def _committed(self, database: Connection) -> None:
        """Check what a commit changed."""
        updates, now = self._processed(database)
        forged = self._forged_in(updates)
        self._forged |= forged
        attempts = self._attempts.begin(database, updates, now)
        self.report(self.replay.follow(database))
        self.report(self._attempts.end(database, attempts))
        has_update = bool(updates) or self._has_odd(database)
        self.report(self.replies.follow(database, now, has_update=has_update))
        for message, wrong in self.replies.check_screens(database, now):
            if message not in self._forged:
                self.report(wrong)
            elif not wrong and message not in forged:
                self._forged.discard(message)
        if self._stage.kernel.now - self._stage.clock_set_at < _CLOCK_NOTICED:
            self.calls.excuse_lapsed(database)
        self.report(self._leases_of_dead(database))
        self.calls.read_parties(database)
        self._cards.read_names(database)

    def _forged_in(self, updates: Sequence[dict[str, Any]]) -> set[tuple[int, int | None]]:
        """Return the messages on which a button was tapped that they never had.

        Such a message may show anything until it shows its reservation again.
        """
        taps = self._stage.simulator.world.taps
        tapped = [taps.get(update.get("callback_query", {}).get("id", "")) for update in updates]
        return {
            (tap.account.id, tap.message_id)
            for tap in tapped
            if tap is not None and tap.label.startswith(INVENTED)
        }

    def _has_odd(self, database: Connection) -> bool:
        """Return whether this commit processed an update that no Telegram would send."""
        done, self._odd = self._odd, _processed_among(database, self._stage.odd_updates)
        return self._odd > done

    def _leases_of_dead(self, database: Connection) -> Iterator[str]:
        """Yield the messages that are still leased to a killed process."""
        take_over = _SWEEPS_TO_TAKE_OVER * self._stage.setting.sweep
        if self._stage.kernel.now - self._stage.changed_at > take_over // _MICROSECOND:
            living = ",".join(map(str, self._stage.replicas))
            for (number,) in database.execute(_LEASES_OF_DEAD.format(living=living)):
                yield f"message {number} is still leased to a killed process"

    def _overtaken(self, done: Collection[int]) -> Iterator[str]:
        """Yield the updates that were processed before one that was delivered earlier.

        Polling keeps the order of a chat, the webhook that of its messages and of its taps.
        """
        passed: list[int] = []
        for number in self._waiting:
            if number not in done:
                passed.append(number)
                continue
            for earlier in passed:
                if self._queue(earlier) == self._queue(number):
                    yield f"update {number} was processed before {earlier}"

    def _queue(self, number: int) -> tuple[int, bool]:
        """Return what orders an update: its chat, and with the webhook whether it is a tap."""
        update = self._waiting[number]
        return chat_of(update), self._stage.uses_webhook and "callback_query" in update

    def _processed(self, database: Connection) -> tuple[Sequence[dict[str, Any]], int]:
        """Return the updates that this commit processed, and the instant at which it did."""
        deliveries = self._stage.simulator.transcript.deliveries
        for delivery in islice(deliveries, self._deliveries, None):
            if isinstance(delivery.update, RawUpdate):
                continue
            if (number := delivery.update["update_id"]) not in self._done:
                self._waiting[number] = delivery.update
        self._deliveries = len(deliveries)
        marks = ",".join("?" * len(self._waiting))
        rows = database.execute(
            f"SELECT update_id, processed_at FROM processed_update WHERE update_id IN ({marks})",  # noqa: S608
            sorted(self._waiting),
        ).fetchall()
        done = {number for number, _ in rows}
        self.report(self._overtaken(done))
        self._done |= done
        if len(done) > 1:
            self.report([f"updates {sorted(done)} were processed in one commit"])
        updates = [self._waiting.pop(number) for number, _ in rows]
        return updates, int(rows[-1][1]) if rows else self._stage.host_now


def _processed_among(database: Connection, numbers: Collection[int]) -> int:
    """Return how many of these updates were processed."""
    if not numbers:
        return 0
    listed = ",".join(map(str, sorted(numbers)))
    sql = f"SELECT count(*) FROM processed_update WHERE update_id IN ({listed})"  # noqa: S608
    (found,) = database.execute(sql).fetchone()
    return int(found)
