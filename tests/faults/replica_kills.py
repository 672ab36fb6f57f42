"""People book while replicas are killed one after the other; then the results are checked."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bot.observability.report import ALL_WELL
from domain.person import Contact
from domain.timespan import TimeSpan
from simulation.checks.history_replay import OVERLAPS
from simulator.simulator import Simulator
from simulator.state.people import Person
from simulator.state.transcript import CallRecord
from storage.database import Database
from tests.kit.bot_process import TOKEN, environment, run_bot
from tests.kit.cells import DAY, grid_cell
from tests.kit.clinic import add_self
from tests.kit.cluster import Cluster, running_cluster
from tests.kit.http import SECRET
from tests.kit.load import LoadClient, reservations_shown, run_load
from tests.kit.notifications import NOTIFICATION_PREFIXES, count_notifications
from tests.kit.proxies import ReplicaApiProxy, WebhookLoadBalancer
from tests.kit.raw_database import rows
from tests.kit.waiting import until
from tests.storage.audit import audit, claims, overlaps

REPLICAS = 3
_FIRST = grid_cell(datetime.now(UTC)) + 2 * DAY
_HOURS = TimeSpan(_FIRST, _FIRST + 40 * DAY)
_UNSENT = (
    "SELECT (SELECT count(*) FROM outbox WHERE state = 'due')"
    " + (SELECT count(*) FROM reservation WHERE status = 'held')"
)
# How long, in microseconds, one replica's transaction may wait for another's on a busy machine; see
# ``audit.claims``. Committed overlaps are also checked during the run.
CROSSING = 15_000_000
TAKE_OVER_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Script:
    """The number of people and kills, the seconds between kills, and polling or webhook."""

    people: int
    kills: int
    every: float
    mode: str


@dataclass(slots=True)
class Outcome:
    """The result of a run: figures to print, and all violations."""

    figures: dict[str, object] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def record(self, name: str, value: int, *, at_most: int | None = None) -> None:
        """Record a figure; it is a violation if it exceeds ``at_most``."""
        self.figures[name] = value if not at_most else f"{value} of at most {at_most}"
        if at_most is not None and value > at_most:
            self.violations.append(f"{name}: {value}, not {at_most}")

    def __str__(self) -> str:
        return "\n".join(f"{name:<28} {value}" for name, value in self.figures.items())


class ReplicaRun:
    """The parts of a run: simulator, provider, people and replicas."""

    def __init__(self, url: str, folder: Path, script: Script) -> None:
        self.url = url
        self.folder = folder
        self.script = script
        self.simulator = Simulator(token=TOKEN)
        self.replica_api = ReplicaApiProxy(self.simulator)
        self.env: dict[str, str] = {}
        self.dora: Person
        self.clients: list[LoadClient]
        self.cluster: Cluster
        self.overlaps: set[tuple[object, ...]] = set()
        self.overlap_checks = 0
        self._rng = random.Random()  # noqa: S311  (not used for security)

    async def run(self, ports: Sequence[int]) -> Outcome:
        """Run; ``ports`` are free ports, the first for the load balancer."""
        async with AsyncExitStack() as stack:
            await self.simulator.start()
            stack.push_async_callback(self.simulator.stop)
            # Posts are retried quickly, because a replica is killed every second.
            self.simulator.webhook.pace = 0.1
            await self._set_up()
            self.env = self._environment(ports[0])
            listens = [f"127.0.0.1:{port}" for port in ports[1:]]
            await stack.enter_async_context(WebhookLoadBalancer(ports[1:]).serving(ports[0]))
            self.cluster = await stack.enter_async_context(
                running_cluster(self.folder, self.env, self.replica_api, listens)
            )
            await self._run_load()
            return ResultCheck(self).outcome()

    async def _run_load(self) -> None:
        """Let people act and kill replicas, then wait until everything is sent."""
        killing = asyncio.create_task(self._kill_replicas())
        checking = asyncio.create_task(self._check_overlaps())
        try:
            await run_load(self.clients, lambda: not killing.done())
            await killing
        finally:
            killing.cancel()
            checking.cancel()
        await until(lambda: not self.simulator.world.updates.pending, within=120)
        await until(lambda: rows(self.url, _UNSENT) == [(0,)], every=0.1, within=120)

    async def _check_overlaps(self) -> None:
        """Check repeatedly for overlaps in the committed state."""
        while True:
            self.overlaps.update(rows(self.url, OVERLAPS))
            self.overlap_checks += 1
            await asyncio.sleep(0.2)

    async def _kill_replicas(self) -> None:
        """Kill a replica at intervals and start another in its place."""
        async with asyncio.TaskGroup() as starting:
            for _ in range(self.script.kills):
                await asyncio.sleep(self.script.every)
                index = await self._next_replica()
                await self.cluster.kill(index)
                starting.create_task(self.cluster.start(index))

    async def _next_replica(self) -> int:
        """Return the index of the next replica to kill: any, or the one that polls."""
        await until(lambda: self.cluster.running)
        if self.script.mode == "webhook":
            return self._rng.choice(list(self.cluster.running))
        await until(lambda: self.cluster.index_of(self.replica_api.last_poller) is not None)
        index = self.cluster.index_of(self.replica_api.last_poller)
        assert index is not None
        return index

    async def _set_up(self) -> None:
        """Store a provider with many hours before the first bot starts, and create people."""
        self.dora = self.simulator.person("Dora")
        self.dora.sends("/start")
        self.clients = [LoadClient(self.simulator, number) for number in range(self.script.people)]
        self.simulator.take_updates()
        database, now = Database(self.url), datetime.now(UTC)
        async with database.transaction() as work:
            someone = await work.people.record_contact(Contact(self.dora.id, "Dora"), now)
            provider = await add_self(work, someone.id, "Dora", "dora", now)
            await work.availability.replace(provider.id, [], [_HOURS])
        await database.close()

    def _environment(self, port: int) -> dict[str, str]:
        """Return the environment of the replicas."""
        policy = {"HOLD_DURATION": "PT3S", "NOTICE_PERIOD": "PT1H"}
        posted = (
            {"WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram", "WEBHOOK_SECRET": SECRET}
            if self.script.mode == "webhook"
            else {}
        )
        return environment(
            self.folder,
            self.simulator.url,
            DATABASE_URL=self.url,
            LOG_LEVEL="ERROR",
            **policy,
            **posted,
        )


class ResultCheck:
    """Checks the state after a run."""

    def __init__(self, run: ReplicaRun) -> None:
        self._run = run
        self._calls = run.replica_api.calls
        self._outcome = Outcome()

    def outcome(self) -> Outcome:
        """Return the outcome."""
        run, outcome = self._run, self._outcome
        taps = run.simulator.world.taps.values()
        outcome.record("people", run.script.people)
        outcome.record(
            "updates",
            len({delivery["update_id"] for delivery in run.simulator.transcript.updates}),
        )
        outcome.record("kills", len(run.cluster.leased_rows))
        outcome.record("reservations", rows(run.url, "SELECT count(*) FROM reservation")[0][0])
        every = claims(run.url, crossing=CROSSING)
        found = overlaps(every)
        outcome.record("overlaps", len(run.overlaps), at_most=0)
        outcome.record("overlaps in the audit", len(found), at_most=0)
        outcome.record("overlap checks", run.overlap_checks)
        outcome.violations += [
            str(claim) for claim in every if any(claim.number in pair for pair in found)
        ]
        outcome.record("taps left unanswered", sum(not tap.answers for tap in taps), at_most=0)
        self._check_notices()
        self._check_answers()
        self._check_holds()
        self._check_database()
        if take_overs := self._take_overs():
            outcome.figures["take-over, median"] = f"{median(take_overs):.1f} s"
            outcome.figures["take-over, longest"] = f"{max(take_overs):.1f} s"
            outcome.violations += [
                f"a take-over of {seconds:.1f} s"
                for seconds in take_overs
                if seconds > TAKE_OVER_SECONDS
            ]
        return outcome

    def _take_overs(self) -> list[float]:
        """Return for how many seconds no replica polled after each poller was killed."""
        polls, killed_at = self._run.replica_api.polls, self._run.cluster.killed_at
        return (
            [
                next(at for at, who in polls if at > moment and who != number) - moment
                for number, moment in killed_at.items()
            ]
            if polls
            else []
        )

    def _check_notices(self) -> None:
        """Compare due and sent notices: none is lost, and only those in flight repeat."""
        expired = rows(
            self._run.url,
            "SELECT telegram_id, start_cell FROM reservation "
            "JOIN person ON person.id = client_id WHERE status = 'expired'",
        )
        booked = rows(
            self._run.url,
            f"SELECT {self._run.dora.id}, start_cell FROM reservation WHERE status = 'confirmed'",
        )
        lost = repeated = unexpected = 0
        for kind, due in (
            ("hold_expired", Counter(expired)),
            ("booking_confirmed", Counter(booked)),
        ):
            sent = count_notifications(self._calls, NOTIFICATION_PREFIXES[kind])
            lost += (due - sent).total()
            unexpected += len(set(sent) - set(due))
            repeated += sum(max(0, sent[key] - due[key]) for key in due)
            self._outcome.record(kind.replace("_", " "), due.total())
        self._outcome.record("notices lost", lost, at_most=0)
        self._outcome.record("unexpected notices", unexpected, at_most=0)
        self._outcome.record("notices repeated", repeated, at_most=self._notices_in_flight())

    def _notices_in_flight(self) -> int:
        """Return how many accepted notices the killed replicas had not marked as sent."""
        in_flight = 0
        for number, leased_rows in self._run.cluster.leased_rows.items():
            calls = self._calls.by_replica(number)
            taken = {
                kind: count_notifications(calls, opening)
                for kind, opening in NOTIFICATION_PREFIXES.items()
            }
            in_flight += sum(
                (chat, cell) in taken.get(kind, ()) for kind, chat, cell in leased_rows
            )
        return in_flight

    def _check_answers(self) -> None:
        """Check that each message and tap was answered once, except those in flight at a kill."""
        answered = Counter(int(call.params["chat_id"]) for call in self._calls if _shows_days(call))
        again = sum(
            max(0, answered[client.person.id] - client.commands_sent)
            for client in self._run.clients
        )
        again += sum(max(0, tap.answers - 1) for tap in self._run.simulator.world.taps.values())
        replies = sum(
            kind == "reply"
            for leased_rows in self._run.cluster.leased_rows.values()
            for kind, *_ in leased_rows
        )
        self._outcome.record("answers repeated", again, at_most=replies)

    def _check_holds(self) -> None:
        """Check that each granted time is one hold, new or moved, and that each hold was shown."""
        # A hold is moved at most once.
        made = dict(
            rows(
                self._run.url,
                "SELECT telegram_id, count(*) + count(first_held_at) FROM reservation "
                "JOIN person ON person.id = client_id GROUP BY telegram_id",
            )
        )
        twice = sum(
            max(0, made.get(client.person.id, 0) - client.holds_granted)
            for client in self._run.clients
        )
        self._outcome.record("holds without a tap", twice, at_most=0)
        shown = {
            number
            for call in self._calls
            if call.ok
            for number in reservations_shown(call.params.get("reply_markup"))
        }
        unseen = {number for (number,) in rows(self._run.url, "SELECT id FROM reservation")} - shown
        self._outcome.record("holds never shown", len(unseen), at_most=0)

    def _check_database(self) -> None:
        """Run the audit and the integrity check, and read the log."""
        self._outcome.violations += audit(self._run.url, datetime.now(UTC), crossing=CROSSING)
        self._outcome.record(
            "updates that failed",
            rows(self._run.url, "SELECT count(*) FROM failed_update")[0][0],
            at_most=0,
        )
        report = run_bot(self._run.folder, self._run.env, "doctor").stdout.strip()
        self._outcome.figures["doctor"] = report
        log = (self._run.folder / "log").read_text()
        self._outcome.violations += [] if report == ALL_WELL else [report]
        self._outcome.violations += [log] if log else []


def _shows_days(call: CallRecord) -> bool:
    """Return whether a call sent a message from which a day can be chosen."""
    return (
        call.ok
        and call.method == "sendMessage"
        and "'bd:" in str(call.params.get("reply_markup")).replace('"', "'")
    )
