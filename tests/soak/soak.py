"""The soak test: many people, a bot that is killed and disconnected at random, and checks."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.observability.report import ALL_WELL
from domain.person import Contact
from domain.timespan import TimeSpan
from simulator.simulator import Simulator
from simulator.state.people import Person
from storage.database import Database
from tests.faults.odd_values import SECRET
from tests.faults.replica_kills import Outcome
from tests.kit.bot import ADMIN_ID
from tests.kit.bot_process import TOKEN, environment, run_bot
from tests.kit.cells import DAY, grid_cell
from tests.kit.clinic import add_self
from tests.kit.raw_database import rows
from tests.kit.sampling import SEED, seeded
from tests.kit.waiting import until
from tests.soak.faults import FIRST_STRANGER, BotProcess, FaultInjector
from tests.soak.gauge import Gauge, Probes, descriptors, megabytes
from tests.soak.people import ProviderVisitor, Visitor
from tests.storage.audit import audit

PROVIDERS = 5
_FIRST = grid_cell(datetime.now(UTC)) + 2 * DAY
_HOURS = TimeSpan(_FIRST, _FIRST + 40 * DAY)
_UNSENT = (
    "SELECT (SELECT count(*) FROM outbox WHERE state = 'due')"
    " + (SELECT count(*) FROM reservation WHERE status = 'held')"
)
_PARKED = (
    "SELECT id, error FROM outbox WHERE state = 'parked' "
    f"AND chat_id BETWEEN 1 AND {FIRST_STRANGER - 1}"
)
# What ``doctor`` reports about odd updates and replies to them that Telegram refuses.
_EXPECTED = (
    "Updates that failed three times and were set aside: ",
    "A message (reply) was parked ",
    "A message (digest) was parked ",
)
_SETTLES_WITHIN = 240
_MEGABYTES_A_MINUTE = 0.5
_WARM_UP_SECONDS = 60
_GROWTH = 1.15


@dataclass(frozen=True, slots=True)
class Script:
    """The duration, the number of people, the updates a second, and the kills in the first part."""

    minutes: float
    people: int
    rate: float
    kills: int
    trouble_every: float
    hold_seconds: int = 20
    fresh: bool = True
    """Whether each process is a new interpreter, or a fork with everything imported."""
    settled_life: float = 0.5
    """The part of the time without kills, so that the last process's memory can be judged."""


class Soak:
    """The parts of a soak: a rate-limited Telegram, people, a bot, faults and gauges."""

    def __init__(self, url: str, folder: Path, script: Script) -> None:
        self.script = script
        self.url = url
        self.folder = folder
        self.rng = seeded(SEED)
        self.simulator = Simulator(token=TOKEN)
        self.simulator.flood_limits.enabled = True
        self.visitors: list[Visitor] = []
        self.quiet: list[Person] = []
        self.running: BotProcess
        self.gauge: Gauge
        self.probes: Probes
        self.faults: FaultInjector
        self.acts = self.kills = 0
        self.outcome = Outcome()

    async def run(self) -> Outcome:
        """Run for the duration of the script and return the outcome."""
        async with AsyncExitStack() as stack:
            await self.simulator.start()
            stack.push_async_callback(self.simulator.stop)
            await self._set_up()
            policy = {
                "HOLD_DURATION": f"PT{self.script.hold_seconds}S",
                "NOTICE_PERIOD": "PT1H",
                "ADMIN_IDS": str(ADMIN_ID),
            }
            env = environment(self.folder, self.simulator.url, DATABASE_URL=self.url, **policy)
            self.running = BotProcess(self.folder, env, fresh=self.script.fresh)
            stack.push_async_callback(self.running.kill)
            await self.running.start()
            await self._run_load()
            await self._settle()
            await self._check_everyone_is_answered()
            status = await self.running.stop(within=30)
            self.outcome.violations += [] if status == 0 else [f"the bot ended with {status}"]
            self._check_results(env)
            return self.outcome

    async def _set_up(self) -> None:
        """Store providers with many hours, and create people who know the bot."""
        admin = self.simulator.person("Ada", id=ADMIN_ID)
        providers = [self.simulator.person(f"Provider {number}") for number in range(PROVIDERS)]
        clients = [
            self.simulator.person(f"Client {number}")
            for number in range(self.script.people - PROVIDERS - 1)
        ]
        self.quiet = [self.simulator.person(f"Quiet {number}") for number in range(10)]
        for person in providers:
            person.sends("/start")
        self.simulator.take_updates()
        database, now = Database(self.url), datetime.now(UTC)
        async with database.transaction() as work:
            for number, person in enumerate(providers):
                someone = await work.people.record_contact(Contact(person.id, person.name), now)
                provider = await add_self(work, someone.id, person.name, f"provider{number}", now)
                await work.availability.replace(provider.id, [], [_HOURS])
        await database.close()
        self.visitors = [ProviderVisitor(person, self.rng) for person in providers] + [
            Visitor(each, self.rng) for each in (admin, *clients)
        ]
        self.gauge = Gauge(lambda: self.running.pid)
        self.probes = Probes(self.quiet, every=1)
        file = Path(self.url.removeprefix("sqlite:///"))
        self.faults = FaultInjector(self.simulator, file, self.rng, self.script.trouble_every)

    async def _run_load(self) -> None:
        """Let people act and faults occur for the duration of the script."""
        seconds = self.script.minutes * 60
        await until(lambda: self.simulator.world.poll, within=60)
        jobs: list[Coroutine[Any, Any, None]] = [
            self._act(),
            self._kill(seconds),
            self.faults.run(),
            self.probes.ask(),
        ]
        tasks = [asyncio.create_task(job) for job in (*jobs, self.gauge.sample_until_cancelled())]
        try:
            done, _ = await asyncio.wait(tasks[:1], timeout=seconds)
            for task in done:
                task.result()
        finally:
            # A kill in progress is followed by a start.
            await tasks[1]
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            # A task that failed did nothing from then on.
            self.outcome.violations += [
                f"a soak task failed: {error!r}" for error in ended if isinstance(error, Exception)
            ]

    async def _act(self) -> None:
        """Let random people act, forever."""
        while True:
            await asyncio.sleep(self.rng.expovariate(self.script.rate))
            self.rng.choice(self.visitors).act()
            self.acts += 1

    async def _kill(self, seconds: float) -> None:
        """Kill and restart the process at intervals in the first part of the time."""
        pause = seconds * (1 - self.script.settled_life) / (self.script.kills + 1)
        for _ in range(self.script.kills):
            await asyncio.sleep(pause)
            await self.running.kill()
            self.kills += 1
            await self.running.start()

    async def _settle(self) -> None:
        """Remove all faults, let everyone unblock the bot, and wait until everything is sent."""
        self.simulator.faults.clear()
        for visitor in self.visitors:
            if visitor.blocked:
                visitor.unblock()
        began = time.monotonic()
        await self._wait_until_settled()
        self.outcome.figures["settled after"] = f"{time.monotonic() - began:.0f} s"

    async def _wait_until_settled(self) -> None:
        try:
            await until(
                lambda: not self.simulator.world.updates.pending, every=0.1, within=_SETTLES_WITHIN
            )
            await until(
                lambda: rows(self.url, _UNSENT) == [(0,)], every=0.5, within=_SETTLES_WITHIN
            )
        except TimeoutError:
            waiting = len(self.simulator.world.updates.pending)
            owed = rows(
                self.url, "SELECT kind, attempts, error FROM outbox WHERE state = 'due' LIMIT 5"
            )
            self.outcome.violations.append(f"{waiting} updates are pending, and {owed} is not sent")

    async def _check_everyone_is_answered(self) -> None:
        """Let everyone send /start, and wait for the answers."""
        people = [visitor.person for visitor in self.visitors] + self.quiet
        before = {}
        for person in people:
            before[person.id] = _newest(person)
            person.sends("/start")
            await asyncio.sleep(1 / 15)
        try:
            await until(
                lambda: all(_newest(person) > before[person.id] for person in people),
                every=0.1,
                within=_SETTLES_WITHIN,
            )
        except TimeoutError:
            silent = [person.id for person in people if _newest(person) <= before[person.id]]
            self.outcome.violations.append(
                f"{len(silent)} wrote /start and were not answered: {silent[:10]}"
            )
        await self._wait_until_settled()

    def _check_results(self, env: dict[str, str]) -> None:
        """Check the database, taps, log and memory, and run ``doctor``."""
        outcome, statuses = (
            self.outcome,
            dict(rows(self.url, "SELECT status, count(*) FROM reservation GROUP BY status")),
        )
        taps = self.simulator.world.taps
        outcome.figures |= {
            "seed": SEED,
            "minutes": f"{self.script.minutes:.1f}",
            "people": len(self.visitors) + len(self.quiet),
            "acts": f"{self.acts} ({self.acts / self.script.minutes / 60:.1f} a second)",
            "taps": len(taps),
            "reservations": statuses,
            "SIGKILL": self.kills,
            **self.faults.met,
            "updates set aside": rows(
                self.url, "SELECT count(*) FROM failed_update WHERE set_aside = 1"
            )[0][0],
            "waits of quiet people": self.probes,
        }
        if self.script.minutes > 1:
            outcome.violations += [
                f"{trouble}: none"
                for trouble in ("wire faults", "odd updates", "database locked")
                if not self.faults.met[trouble]
            ]
        outcome.record("taps left unanswered", len(self.simulator.check_taps()), at_most=0)
        outcome.record("messages parked, of our people", len(rows(self.url, _PARKED)), at_most=0)
        outcome.violations += audit(self.url, datetime.now(UTC))
        report = [
            line
            for line in run_bot(
                self.folder, env, "doctor", fresh=self.script.fresh
            ).stdout.splitlines()
            if line.strip()
        ]
        outcome.figures["doctor"] = report
        outcome.violations += [
            line
            for line in report
            if line != ALL_WELL
            and not line.startswith(_EXPECTED)
            and "For your information" not in line
        ]
        self._check_resources()

    def _check_resources(self) -> None:
        """Check that memory is flat, the log is small, and contains nothing people wrote."""
        outcome, log = self.outcome, self.running.log.read_text(errors="replace")
        for name, figure, room in (("megabytes", megabytes, 5), ("descriptors", descriptors, 10)):
            _, second, _, last = quarters = self.gauge.quarters(figure)
            most = max(map(figure, self.gauge.samples))
            outcome.figures[f"{name}, by quarters"] = (
                f"{', '.join(f'{each:.0f}' for each in quarters)}; at most {most:.0f}"
            )
            if (
                self.script.minutes * 60 * self.script.settled_life > _WARM_UP_SECONDS
                and last > _GROWTH * second + room
            ):
                outcome.violations.append(f"{name} grew from {second:.0f} to {last:.0f}")
        outcome.figures["log"] = f"{len(log) / 1e6:.2f} MB, {log.count(chr(10))} lines"
        if len(log) > max(1.0, self.script.minutes * _MEGABYTES_A_MINUTE) * 1e6:
            outcome.violations.append(f"the log has {len(log)} bytes")
        if SECRET in log:
            outcome.violations.append("the log contains what people wrote")


def _newest(person: Person) -> int:
    """Return the number of the bot's newest message to a person."""
    return max(
        (message.id for message in person.chat.messages if message.sender == "bot"), default=0
    )
