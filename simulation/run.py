"""One run: people act under trouble, then everything comes to rest and is checked."""

import json
import traceback
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from time import process_time

from bot.messages.screen import Screen
from simulation.checks.watch import Watch
from simulation.forks import Forked, Forks
from simulation.outcome import Outcome, hashes_of
from simulation.people.actor import Line
from simulation.people.acts import STAFF, live
from simulation.people.cast import cast
from simulation.people.opening import open_venue
from simulation.plan import Plan
from simulation.reach import Reach
from simulation.timetable import timetable_of
from simulation.trouble.trouble import Trouble
from simulation.world.error_log import logging_to
from simulation.world.kernel import MICROSECONDS
from simulation.world.stage import Stage
from simulator.state.transcript import CallRecord

_OPENING_MINUTES = 4
_MEAN_PAUSE_SECONDS = 25.0
# A chat in which an answer was lost waits up to two minutes for the next one.
_LONGEST_WAIT = timedelta(minutes=2)
_SWEEPS_TO_DRAIN = 2


class Run:
    """Plays one plan in a folder."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.timetable = timetable_of(plan)
        self.stage = Stage(plan, folder, self.timetable.setting)
        self.story: list[Line] = []
        self.actors = list(cast(self.stage, self.story))
        self.stage.invitations = self._invitations
        self.stage.note = self._note
        self.trouble = Trouble(plan, self.stage)
        self.watch = Watch(self.stage, self.actors)
        self.forks = Forks(plan, self.stage)
        self._reach = Reach()
        self._opened_at = 0

    def play(self) -> Outcome:
        """Play, and return the outcome."""
        began = process_time()
        tracing = self._reach.recording() if self.plan.traced else nullcontext()
        with logging_to(self.stage.log), tracing:
            try:
                self._open()
                self._act()
                self._rest()
                self._reach.note(self.stage.reader())
            except Exception as error:  # noqa: BLE001  (any error of the run is a finding)
                self.watch.report([f"the run failed: {_described(error)}"])
            self.forks.end(self.watch.findings)
        return self._outcome(process_time() - began)

    def _invitations(self) -> list[str]:
        """Return all invitations on people's screens."""
        return [link for actor in self.actors for link in actor.invitations()]

    def _note(self, what: str) -> None:
        """Add a line that no person causes to the story."""
        self.story.append(Line(self.stage.kernel.now, "--", what))

    def _open(self) -> None:
        """Start the bot, and let the staff join and publish hours."""
        way = "the webhook" if self.stage.uses_webhook else "polling"
        self._note(f"{self.stage.process_count} process(es) of the bot, with {way}")
        self.stage.open()
        by_role = {role: [a for a in self.actors if a.role == role] for role in STAFF}
        self.stage.kernel.run_task(
            self.stage.people_loop.start(
                open_venue(by_role["admin"][0], by_role["provider"], by_role["receptionist"])
            ),
            within=_OPENING_MINUTES * 60 * MICROSECONDS,
            after_step=self.watch.after_step,
        )

    def _act(self) -> None:
        """Let people act, with trouble."""
        self._opened_at = self.stage.kernel.now
        self.stage.is_quiet = lambda: self._wait() > 0
        acting = [
            self.stage.people_loop.start(live(actor, _MEAN_PAUSE_SECONDS, self._wait))
            for actor in self.actors
            if actor.person.name.split()[0] not in self.plan.silent
        ]
        end = self.stage.after(timedelta(seconds=self.timetable.seconds))
        self.trouble.begin()
        self.forks.begin(self.timetable.seconds)
        try:
            after_step = self._after_step_forking if self.plan.forks else self._after_step
            self.stage.kernel.run(end, after_step=after_step)
        except Forked:
            self.watch.findings.clear()
        self.trouble.end()
        for task in acting:
            task.cancel()

    def _wait(self) -> float:
        """Return in how many seconds people act again."""
        return self.timetable.wait_at((self.stage.kernel.now - self._opened_at) / MICROSECONDS)

    def _after_step_forking(self) -> None:
        self._after_step()
        self.watch.report(self.forks.after_step())

    def _after_step(self) -> None:
        self.trouble.after_step()
        self.watch.after_step()

    def _rest(self) -> None:
        """Let everything drain, and then let all holds end; check after both."""
        kernel = self.stage.kernel
        drained = _LONGEST_WAIT + _SWEEPS_TO_DRAIN * self.timetable.setting.sweep
        kernel.run(self.stage.after(drained), after_step=self._after_step)
        self.watch.check_drained()
        kernel.run(self.stage.after(self.timetable.rest), after_step=self._after_step)
        self.watch.check_at_rest()

    def _answers(self) -> Iterator[Line]:
        """Yield each text of the bot with its reader."""
        names = {actor.person.id: actor.person.name for actor in self.actors}
        for call in self.stage.simulator.transcript.calls:
            chat = int(call.params.get("chat_id") or 0)
            if chat in names and call.params.get("text"):
                at = (call.at - self.stage.kernel.start) // timedelta(microseconds=1)
                yield Line(at, f"  to {names[chat]}", _first_line(call))

    def _minutes_needed(self) -> float | None:
        """Return how many minutes a plan needs to come to the first finding."""
        if self.watch.found_at is None:
            return None
        return self.timetable.minutes_until((self.watch.found_at - self._opened_at) / MICROSECONDS)

    def _outcome(self, processor_seconds: float) -> Outcome:
        transcript = self.stage.simulator.transcript
        return Outcome(
            plan=self.plan,
            findings=self.watch.findings,
            story=sorted([*self.story, *self._answers()], key=lambda line: line.at),
            timetable=str(self.timetable),
            found_at=self.watch.found_at,
            minutes_needed=self._minutes_needed(),
            acts=sum(actor.acts for actor in self.actors),
            updates=len({json.dumps(update) for update in transcript.updates}),
            calls=len(transcript.calls),
            kills=self.trouble.kills,
            faults=self.trouble.faults,
            forks=self.forks.tried,
            steps=self.stage.kernel.steps,
            processor_seconds=processor_seconds,
            reach=self._reach,
            hashes=hashes_of(self.stage),
        )


def _described(error: Exception) -> str:
    """Return an error, and where it was raised."""
    *_, frame = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"


def _first_line(call: CallRecord) -> str:
    """Return how a call begins that shows a text."""
    fault = f" ({call.fault})" if call.fault else ""
    return f"“{Screen(call.params['text']).plain.splitlines()[0]}”{fault}"
