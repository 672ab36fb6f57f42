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
from domain.client import Contact
from domain.timespan import TimeSpan
from simulator.simulator import Simulator
from simulator.state.people import Person
from simulator.state.transcript import CallRecord
from storage.database import Database
from tests.kit.bot_process import TOKEN, environment, runs
from tests.kit.cluster import Cluster, crew
from tests.kit.http import SECRET
from tests.kit.load import LoadClient, come_and_go, reservations_shown
from tests.kit.notices import OPENINGS, told
from tests.kit.proxies import LoadBalancer, ReplicaApi
from tests.kit.raw_database import rows
from tests.kit.waiting import until
from tests.storage.audit import audit, claims, overlaps

REPLICAS = 3
_FIRST = int(datetime.now(UTC).timestamp()) // 900 + 2 * 96
_HOURS = TimeSpan(_FIRST, _FIRST + 40 * 96)
_STILL_OWED = (
    "SELECT (SELECT count(*) FROM outbox WHERE state = 'due')"
    " + (SELECT count(*) FROM reservation WHERE status = 'held')"
)
_OVERLAPS_NOW = """
    SELECT a.id, b.id FROM reservation a JOIN reservation b ON a.id < b.id
    AND (a.provider_id = b.provider_id OR a.client_id = b.client_id)
    AND a.start_cell < b.end_cell AND b.start_cell < a.end_cell
    WHERE a.status IN ('held', 'confirmed') AND b.status IN ('held', 'confirmed')"""
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
    way: str


@dataclass(slots=True)
class Outcome:
    """The result of a run: figures to print, and all violations."""

    figures: dict[str, object] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def counts(self, name: str, value: int, *, at_most: int | None = None) -> None:
        """Record a figure; it is a violation if it exceeds ``at_most``."""
        self.figures[name] = value if not at_most else f"{value} of at most {at_most}"
        if at_most is not None and value > at_most:
            self.wrong.append(f"{name}: {value}, not {at_most}")

    def __str__(self) -> str:
        return "\n".join(f"{name:<28} {value}" for name, value in self.figures.items())


class Stage:
    """The parts of a run: simulator, provider, people and replicas."""

    def __init__(self, url: str, folder: Path, script: Script) -> None:
        self.url = url
        self.folder = folder
        self.script = script
        self.simulator = Simulator(token=TOKEN)
        self.exchange = ReplicaApi(self.simulator)
        self.env: dict[str, str] = {}
        self.dora: Person
        self.guests: list[LoadClient]
        self.crew: Cluster
        self.overlaps: set[tuple[object, ...]] = set()
        self.looks = 0
        self._chance = random.Random()  # noqa: S311  (not used for security)

    async def plays(self, ports: Sequence[int]) -> Outcome:
        """Run; ``ports`` are free ports, the first for the load balancer."""
        async with AsyncExitStack() as stack:
            await self.simulator.start()
            stack.push_async_callback(self.simulator.stop)
            # Posts are retried quickly, because a replica is killed every second.
            self.simulator.webhook.pace = 0.1
            await self._sets_scene()
            self.env = self._environment(ports[0])
            listens = [f"127.0.0.1:{port}" for port in ports[1:]]
            await stack.enter_async_context(LoadBalancer(ports[1:]).serving(ports[0]))
            self.crew = await stack.enter_async_context(
                crew(self.folder, self.env, self.exchange, listens)
            )
            await self._act()
            return Verdict(self).told()

    async def _act(self) -> None:
        """Let people act and kill replicas, then wait until everything is sent."""
        killing, looking = asyncio.create_task(self._kills()), asyncio.create_task(self._looks())
        try:
            await come_and_go(self.guests, lambda: not killing.done())
            await killing
        finally:
            killing.cancel()
            looking.cancel()
        await until(lambda: not self.simulator.world.updates.pending, within=120)
        await until(lambda: rows(self.url, _STILL_OWED) == [(0,)], every=0.1, within=120)

    async def _looks(self) -> None:
        """Check repeatedly for overlaps in the committed state."""
        while True:
            self.overlaps.update(rows(self.url, _OVERLAPS_NOW))
            self.looks += 1
            await asyncio.sleep(0.2)

    async def _kills(self) -> None:
        """Kill a replica at intervals and start another in its place."""
        async with asyncio.TaskGroup() as starting:
            for _ in range(self.script.kills):
                await asyncio.sleep(self.script.every)
                place = await self._next_to_die()
                await self.crew.kills(place)
                starting.create_task(self.crew.starts(place))

    async def _next_to_die(self) -> int:
        """Return the slot of the next replica to kill: any, or the one that polls."""
        await until(lambda: self.crew.running)
        if self.script.way == "webhook":
            return self._chance.choice(list(self.crew.running))
        await until(lambda: self.crew.place_of(self.exchange.poller) is not None)
        place = self.crew.place_of(self.exchange.poller)
        assert place is not None
        return place

    async def _sets_scene(self) -> None:
        """Store a provider with many hours before the first bot starts, and create people."""
        self.dora = self.simulator.person("Dora")
        self.dora.sends("/start")
        self.guests = [LoadClient(self.simulator, number) for number in range(self.script.people)]
        self.simulator.take_updates()
        database, now = Database(self.url), datetime.now(UTC)
        async with database.transaction() as work:
            await work.clients.record_contact(Contact(self.dora.id, "Dora"), now)
            provider = await work.providers.add(self.dora.id, "Dora", "dora", now)
            await work.availability.replace(provider.id, [], [_HOURS])
        await database.close()

    def _environment(self, port: int) -> dict[str, str]:
        """Return the environment of the replicas."""
        policy = {"HOLD_DURATION": "PT3S", "NOTICE_PERIOD": "PT1H"}
        posted = (
            {"WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram", "WEBHOOK_SECRET": SECRET}
            if self.script.way == "webhook"
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


class Verdict:
    """Checks the state after a run."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._calls = stage.exchange.calls
        self._outcome = Outcome()

    def told(self) -> Outcome:
        """Return the outcome."""
        stage, outcome = self._stage, self._outcome
        taps = stage.simulator.world.taps.values()
        outcome.counts("people", stage.script.people)
        outcome.counts(
            "updates",
            len({delivery["update_id"] for delivery in stage.simulator.transcript.updates}),
        )
        outcome.counts("kills", len(stage.crew.in_hand))
        outcome.counts("reservations", rows(stage.url, "SELECT count(*) FROM reservation")[0][0])
        every = claims(stage.url, crossing=CROSSING)
        found = overlaps(every)
        outcome.counts("overlaps", len(stage.overlaps), at_most=0)
        outcome.counts("overlaps in the audit", len(found), at_most=0)
        outcome.counts("overlap checks", stage.looks)
        outcome.wrong += [
            str(claim) for claim in every if any(claim.number in pair for pair in found)
        ]
        outcome.counts("taps left unanswered", sum(not tap.answers for tap in taps), at_most=0)
        self._of_notices()
        self._of_answers()
        self._of_holds()
        self._of_books()
        if take_overs := self._take_overs():
            outcome.figures["take-over, median"] = f"{median(take_overs):.1f} s"
            outcome.figures["take-over, longest"] = f"{max(take_overs):.1f} s"
            outcome.wrong += [
                f"a take-over of {seconds:.1f} s"
                for seconds in take_overs
                if seconds > TAKE_OVER_SECONDS
            ]
        return outcome

    def _take_overs(self) -> list[float]:
        """Return for how many seconds no replica polled after each poller was killed."""
        polls, died = self._stage.exchange.polls, self._stage.crew.died
        return (
            [
                next(at for at, who in polls if at > moment and who != number) - moment
                for number, moment in died.items()
            ]
            if polls
            else []
        )

    def _of_notices(self) -> None:
        """Compare due and sent notices: none is lost, and only those in flight repeat."""
        expired = rows(
            self._stage.url,
            "SELECT client_id, start_cell FROM reservation WHERE status = 'expired'",
        )
        booked = rows(
            self._stage.url,
            f"SELECT {self._stage.dora.id}, start_cell FROM reservation WHERE status = 'confirmed'",
        )
        lost = repeated = strange = 0
        for kind, owed in (
            ("hold_expired", Counter(expired)),
            ("booking_confirmed", Counter(booked)),
        ):
            heard = told(self._calls, OPENINGS[kind])
            lost += (owed - heard).total()
            strange += len(set(heard) - set(owed))
            repeated += sum(max(0, heard[key] - owed[key]) for key in owed)
            self._outcome.counts(kind.replace("_", " "), owed.total())
        self._outcome.counts("notices lost", lost, at_most=0)
        self._outcome.counts("unexpected notices", strange, at_most=0)
        self._outcome.counts("notices repeated", repeated, at_most=self._notices_in_flight())

    def _notices_in_flight(self) -> int:
        """Return how many accepted notices the killed replicas had not marked as sent."""
        in_flight = 0
        for number, in_hand in self._stage.crew.in_hand.items():
            calls = self._calls.of(number)
            taken = {kind: told(calls, opening) for kind, opening in OPENINGS.items()}
            in_flight += sum(
                (recipient, cell) in taken.get(kind, ()) for kind, recipient, cell in in_hand
            )
        return in_flight

    def _of_answers(self) -> None:
        """Check that each message and tap was answered once, except those in flight at a kill."""
        answered = Counter(int(call.params["chat_id"]) for call in self._calls if _shows_days(call))
        again = sum(max(0, answered[guest.person.id] - guest.asked) for guest in self._stage.guests)
        again += sum(max(0, tap.answers - 1) for tap in self._stage.simulator.world.taps.values())
        replies = sum(
            kind == "reply" for in_hand in self._stage.crew.in_hand.values() for kind, *_ in in_hand
        )
        self._outcome.counts("answers repeated", again, at_most=replies)

    def _of_holds(self) -> None:
        """Check that each granted time is one hold, new or moved, and that each hold was shown."""
        # A hold is moved at most once.
        made = dict(
            rows(
                self._stage.url,
                "SELECT client_id, count(*) + count(first_held_at) FROM reservation GROUP BY client_id",
            )
        )
        twice = sum(
            max(0, made.get(guest.person.id, 0) - guest.granted) for guest in self._stage.guests
        )
        self._outcome.counts("holds without a tap", twice, at_most=0)
        shown = {
            number
            for call in self._calls
            if call.ok
            for number in reservations_shown(call.params.get("reply_markup"))
        }
        unseen = {
            number for (number,) in rows(self._stage.url, "SELECT id FROM reservation")
        } - shown
        self._outcome.counts("holds never shown", len(unseen), at_most=0)

    def _of_books(self) -> None:
        """Run the audit and the integrity check, and read the log."""
        self._outcome.wrong += audit(self._stage.url, datetime.now(UTC), crossing=CROSSING)
        self._outcome.counts(
            "updates that failed",
            rows(self._stage.url, "SELECT count(*) FROM failed_update")[0][0],
            at_most=0,
        )
        said = runs(self._stage.folder, self._stage.env, "doctor").stdout.strip()
        self._outcome.figures["doctor"] = said
        log = (self._stage.folder / "log").read_text()
        self._outcome.wrong += [] if said == ALL_WELL else [said]
        self._outcome.wrong += [log] if log else []


def _shows_days(call: CallRecord) -> bool:
    """Return whether a call sent a message from which a day can be chosen."""
    return (
        call.ok
        and call.method == "sendMessage"
        and "'bd:" in str(call.params.get("reply_markup")).replace('"', "'")
    )
