"""One run: people act under trouble, then everything comes to rest and is checked."""

import hashlib
import json
import traceback
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import process_time

from bot.messages.screen import Screen
from simulation.checks.watch import Watch
from simulation.forks import Forked, Forks
from simulation.people.actor import Actor, Line
from simulation.people.acts import live
from simulation.people.opening import open_venue
from simulation.plan import Plan
from simulation.reach import Reach
from simulation.trouble.trouble import Trouble
from simulation.world.error_log import logging_to
from simulation.world.kernel import MICROSECONDS
from simulation.world.stage import Stage
from simulator.state.transcript import CallRecord

_STAFF = (
    ("Boss", "admin", "en"),
    ("Nora", "provider", "en"),
    ("Emil", "provider", "de"),
    ("Rita", "newcomer", "en"),
)
_CLIENTS = (
    ("Ada", "client", "en"),
    ("Bruno", "client", "en"),
    ("Cleo", "client", "de"),
    ("Dario", "client", "en"),
    ("Edda", "client", "en"),
    ("Falk", "client", "de"),
)
NAMES = tuple(name for name, *_ in (*_STAFF, *_CLIENTS))
_OPENING_MINUTES = 2
_MEAN_PAUSE_SECONDS = 25.0
# A chat in which an answer was lost waits up to two minutes for the next one.
_DRAIN_SECONDS = 150
_REST_MINUTES = 14


@dataclass(slots=True)
class Outcome:
    """What a run did and found; the three hashes are equal for equal runs."""

    plan: Plan
    findings: list[str] = field(default_factory=list)
    story: list[Line] = field(default_factory=list)
    found_at: int | None = None
    opened_at: int = 0
    acts: int = 0
    updates: int = 0
    calls: int = 0
    kills: int = 0
    faults: int = 0
    forks: int = 0
    steps: int = 0
    processor_seconds: float = 0.0
    hashes: tuple[str, str, str] = ("", "", "")
    reach: Reach = field(default_factory=Reach)


class Run:
    """Plays one plan in a folder."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.stage = Stage(plan, folder)
        self.story: list[Line] = []
        self.actors = list(self._cast())
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
            except Exception as error:  # noqa: BLE001  (any error of the run is a finding)
                self.watch.report([f"the run failed: {_described(error)}"])
            self.forks.end(self.watch.findings)
        return self._outcome(process_time() - began)

    def _cast(self) -> Iterator[Actor]:
        """Create the people."""
        for name, role, language in (*_STAFF, *_CLIENTS[: self.plan.clients]):
            person = self.stage.simulator.person(
                name, last_name=f"{name}son", language_code=language
            )
            random = self.stage.stream(f"person {name}")
            yield Actor(role, person, self.stage, self.story, random)

    def _invitations(self) -> list[str]:
        """Return all invitations on people's screens."""
        return [link for actor in self.actors for link in actor.invitations()]

    def _note(self, what: str) -> None:
        """Add a line that no person causes to the story."""
        self.story.append(Line(self.stage.kernel.now, "--", what))

    def _open(self) -> None:
        """Start the bot, and let the providers join and publish hours."""
        way = "the webhook" if self.stage.uses_webhook else "polling"
        self._note(f"{self.stage.process_count} process(es) of the bot, with {way}")
        self.stage.open()
        boss, *others = self.actors
        providers = [actor for actor in others if actor.role == "provider"]
        self.stage.kernel.run_task(
            self.stage.people_loop.start(open_venue(boss, providers)),
            within=_OPENING_MINUTES * 60 * MICROSECONDS,
            after_step=self.watch.after_step,
        )

    def _act(self) -> None:
        """Let people act, with trouble."""
        acting = [
            self.stage.people_loop.start(live(actor, _MEAN_PAUSE_SECONDS))
            for actor in self.actors
            if actor.person.name.split()[0] not in self.plan.silent
        ]
        self._opened_at = self.stage.kernel.now
        end = self.stage.after(minutes=self.plan.minutes)
        self.trouble.begin()
        self.forks.begin()
        try:
            self.stage.kernel.run(end, after_step=self._after_step_forking)
        except Forked:
            self.watch.findings.clear()
        self.trouble.end()
        for task in acting:
            task.cancel()

    def _after_step_forking(self) -> None:
        self._after_step()
        self.watch.report(self.forks.after_step())

    def _after_step(self) -> None:
        self.trouble.after_step()
        self.watch.after_step()

    def _rest(self) -> None:
        """Let everything drain, and then let all holds end; check after both."""
        kernel = self.stage.kernel
        kernel.run(self.stage.after(seconds=_DRAIN_SECONDS), after_step=self._after_step)
        self.watch.check_drained()
        kernel.run(self.stage.after(minutes=_REST_MINUTES), after_step=self._after_step)
        self.watch.check_at_rest()

    def _answers(self) -> Iterator[Line]:
        """Yield each text of the bot with its reader."""
        names = {actor.person.id: actor.person.name for actor in self.actors}
        for call in self.stage.simulator.transcript.calls:
            chat = int(call.params.get("chat_id") or 0)
            if chat in names and call.params.get("text"):
                at = (call.at - self.stage.kernel.start) // timedelta(microseconds=1)
                yield Line(at, f"  to {names[chat]}", _first_line(call))

    def _outcome(self, processor_seconds: float) -> Outcome:
        transcript = self.stage.simulator.transcript
        return Outcome(
            plan=self.plan,
            findings=self.watch.findings,
            story=sorted([*self.story, *self._answers()], key=lambda line: line.at),
            found_at=self.watch.found_at,
            opened_at=self._opened_at,
            acts=sum(actor.acts for actor in self.actors),
            updates=len({json.dumps(update) for update in transcript.updates}),
            calls=len(transcript.calls),
            kills=self.trouble.kills,
            faults=self.trouble.faults,
            forks=self.forks.tried,
            steps=self.stage.kernel.steps,
            processor_seconds=processor_seconds,
            reach=self._reach,
            hashes=(
                self.stage.kernel.digest.hexdigest(),
                _hash_of(repr((c.method, c.params, c.status, c.at)) for c in transcript.calls),
                _hash_of(_dump(self.stage)),
            ),
        )


def _described(error: Exception) -> str:
    """Return an error, and where it was raised."""
    *_, frame = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"


def _first_line(call: CallRecord) -> str:
    """Return how a call begins that shows a text."""
    fault = f" ({call.fault})" if call.fault else ""
    return f"“{Screen(call.params['text']).plain.splitlines()[0]}”{fault}"


def _hash_of(lines: Iterator[str]) -> str:
    """Return a short hash of lines."""
    digest = hashlib.blake2b(digest_size=8)
    for line in lines:
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _dump(stage: Stage) -> Iterator[str]:
    """Return the content of the database as SQL."""
    # The order of indexes depends on the hash seed of the process that migrated.
    yield from sorted(stage.reader().iterdump())
