"""The bot is killed repeatedly while people book and holds expire: no answer or notice is lost."""

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.buttons.booking import PickSlot
from domain.person import Contact
from domain.timespan import TimeSpan
from simulator.faults import Fault, FaultKind, Faults
from simulator.simulator import Simulator
from simulator.state.chats import Message
from simulator.state.people import Person
from storage.database import Database
from tests.kit.bot_process import TOKEN, environment, kill_process, start_unlimited_bot
from tests.kit.cells import DAY, QUARTER, grid_cell
from tests.kit.clinic import add_self
from tests.kit.fork_server import ForkedProcess
from tests.kit.notifications import NOTIFICATION_PREFIXES, count_notifications
from tests.kit.raw_database import rows
from tests.kit.sampling import PROFILE
from tests.kit.waiting import until
from tests.storage.audit import claims, overlaps

KILLS = PROFILE.pick(fast=12, full=50)
CLIENTS = 10
FIRST = grid_cell(datetime.now(UTC)) + 2 * DAY
UNSENT = (
    "SELECT count(*) FROM outbox WHERE state = 'due' "
    "OR EXISTS (SELECT 1 FROM reservation WHERE status = 'held')"
)
MESSAGE_METHODS = ("sendmessage", "editmessagetext", "answercallbackquery")


class ProcessKiller(Faults):
    """Kills the bot every few messages, before or after Telegram has processed the call."""

    def __init__(self) -> None:
        super().__init__()
        self.bot: ForkedProcess | None = None
        self.kills = 0
        self.killed: asyncio.Queue[ForkedProcess] = asyncio.Queue()
        self._random = random.Random(7)  # noqa: S311  (a fixed seed)
        self._calls_left = 5

    def take(self, method: str, person: int | None) -> Fault | None:
        """Return the fault of a call."""
        if method.lower() not in MESSAGE_METHODS or self.bot is None or self.kills == KILLS:
            return super().take(method, person)
        self._calls_left -= 1
        if self._calls_left:
            return super().take(method, person)
        self._calls_left = self._random.randint(6, 30)
        self.bot.kill()
        self.killed.put_nowait(self.bot)
        self.bot = None
        self.kills += 1
        return Fault(
            self._random.choice([FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER]), None, None, 0, None
        )


class Visitor:
    """A person who books the same times as one other, and confirms every second hold."""

    def __init__(self, simulator: Simulator, number: int, provider: int) -> None:
        self._simulator = simulator
        self.person = simulator.person(f"Client {number}")
        self._provider = provider
        # Neighbours want the same times in the same order.
        rng = random.Random(number // 2)  # noqa: S311  (a fixed seed)
        self._cells = iter(rng.sample(range(FIRST, FIRST + 700 * QUARTER, QUARTER), 700))
        self._confirms = number % 2 == 0

    async def book(self) -> None:
        """Ask for the calendar, pick a time, and confirm every second one."""
        asked = self.person.sends("/book")["message"]["message_id"]
        await until(lambda: self._calendar(asked))
        card = self._calendar(asked)
        if card is None:
            return
        edits, toasts = card.edited, len(self.person.toasts)
        await self._wait_for_answer(
            self.person.taps_data(PickSlot(self._provider, next(self._cells), 0).pack(), card.id)
        )
        await until(lambda: card.edited > edits or len(self.person.toasts) > toasts)
        self._confirms = not self._confirms
        if self._confirms:
            with suppress(LookupError):
                await self._wait_for_answer(self.person.taps("Confirm", message=card))

    def _calendar(self, asked: int) -> Message | None:
        """Return the first message after a question from which a day or a time can be chosen."""
        times = ("bd:", "bt:")
        found = (
            m
            for m in self.person.chat.messages
            if m.id > asked and any((b.data or "").startswith(times) for b in m.buttons)
        )
        return next(found, None)

    async def _wait_for_answer(self, update: dict[str, dict[str, str]]) -> None:
        """Wait until a tap is answered."""
        tap = self._simulator.world.taps[update["callback_query"]["id"]]
        await until(lambda: tap.answers)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


@pytest.fixture
async def dora(simulator: Simulator, tmp_path: Path, migrated_file: Path) -> Person:
    """A provider with a week of hours, stored before the bot first starts."""
    dora = simulator.person("Dora")
    dora.sends("/start")
    database = Database(f"sqlite:///{shutil.copyfile(migrated_file, tmp_path / 'bot.db')}")
    async with database.transaction() as work:
        someone = await work.people.record_contact(Contact(dora.id, "Dora"), datetime.now(UTC))
        provider = await add_self(work, someone.id, "Dora", "dora", datetime.now(UTC))
        await work.availability.replace(provider.id, [], [TimeSpan(FIRST, FIRST + 700 * QUARTER)])
    await database.close()
    return dora


async def test_kills_between_commit_and_delivery_lose_nothing(
    simulator: Simulator, dora: Person, tmp_path: Path
) -> None:
    killer = ProcessKiller()
    simulator.world.faults = killer
    clients = [Visitor(simulator, number, 1) for number in range(CLIENTS)]
    env = environment(
        tmp_path, simulator.url, HOLD_DURATION="PT3S", NOTICE_PERIOD="PT1H", LOG_LEVEL="ERROR"
    )
    url = env["DATABASE_URL"]

    async def book_until_done(client: Visitor) -> None:
        while killer.kills < KILLS:
            await client.book()

    in_flight = 0

    async def restart() -> None:
        nonlocal in_flight
        while True:
            await (await killer.killed.get()).wait()
            in_flight += notices_in_flight(simulator, url)
            killer.bot = start_unlimited_bot(tmp_path, env)

    killer.bot = start_unlimited_bot(tmp_path, env)
    restarter = asyncio.create_task(restart())
    try:
        async with asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(book_until_done(client))
        await until(lambda: not simulator.world.updates.pending)
        await until(lambda: rows(url, UNSENT) == [(0,)])
    finally:
        restarter.cancel()
        if killer.bot is not None:
            await kill_process(killer.bot)

    assert killer.kills == KILLS
    assert (tmp_path / "log").read_text() == ""
    assert rows(url, "PRAGMA integrity_check") == [("ok",)]
    assert overlaps(claims(url)) == []
    assert rows(url, "SELECT count(*) FROM failed_update") == [(0,)]
    assert simulator.check_taps() == []
    assert repeats(simulator, dora, url) <= in_flight


def notices_in_flight(simulator: Simulator, url: str) -> int:
    """Return how many accepted notices the killed bot had not marked as sent."""
    due = rows(
        url,
        "SELECT outbox.kind, chat_id, start_cell FROM outbox "
        "JOIN reservation ON reservation.id = subject_id AND subject_kind = 'reservation' "
        "WHERE state = 'due'",
    )
    taken = {
        kind: count_notifications(simulator.transcript.calls, opening)
        for kind, opening in NOTIFICATION_PREFIXES.items()
    }
    return sum((chat, cell) in taken.get(kind, ()) for kind, chat, cell in due)


def repeats(simulator: Simulator, dora: Person, url: str) -> int:
    """Return how many notices were repeated; check that exactly the due ones arrived."""
    expired = rows(
        url,
        "SELECT telegram_id, start_cell FROM reservation JOIN person ON person.id = client_id "
        "WHERE status = 'expired'",
    )
    booked = rows(url, f"SELECT {dora.id}, start_cell FROM reservation WHERE status = 'confirmed'")
    # What people do depends on the time of the day; fewer would have met too few kills.
    assert len(expired) >= KILLS / 3
    assert len(booked) >= KILLS / 4
    extra = 0
    for kind, due in (("hold_expired", Counter(expired)), ("booking_confirmed", Counter(booked))):
        sent = count_notifications(simulator.transcript.calls, NOTIFICATION_PREFIXES[kind])
        assert set(sent) == set(due)
        assert not due - sent
        extra += (sent - due).total()
    return extra
