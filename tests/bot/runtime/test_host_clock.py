"""While the host's clock is set, the bot goes on answering, delivering and sweeping."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import system_clock
from bot.messages.actions import Send, to_payload
from bot.messages.screen import Screen
from domain.choice import SlotChoice
from domain.person import Contact
from domain.policy import BookingPolicy
from domain.timespan import TimeSpan
from domain.usecases.hold_slot import hold_slot
from simulator.faults import FaultKind
from simulator.simulator import Simulator
from simulator.state.people import Person
from storage.database import Database
from storage.maintenance.migrate import migrate
from tests.kit.bot_process import TOKEN, bot_process, environment
from tests.kit.cells import QUARTER, grid_cell
from tests.kit.clinic import add_self
from tests.kit.host_clock import HostClock, host_clock
from tests.kit.http import http_request
from tests.kit.raw_database import literal, run_sql
from tests.kit.sampling import PROFILE
from tests.kit.waiting import until

HOUR = timedelta(hours=1)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


@pytest.fixture
def clock(tmp_path: Path) -> HostClock:
    return host_clock(tmp_path)


@pytest.fixture
def env(
    tmp_path: Path, simulator: Simulator, clock: HostClock, unused_tcp_port: int
) -> dict[str, str]:
    return environment(
        tmp_path, simulator.url, LISTEN=f"127.0.0.1:{unused_tcp_port}", **clock.environment
    )


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'bot.db'}"


@pytest.fixture
def alice(simulator: Simulator) -> Person:
    return simulator.person("Alice")


def received(person: Person) -> list[str]:
    return [message.text for message in person.chat.messages if message.sender == "bot"]


async def answers(person: Person, text: str = "/help") -> None:
    """Send a message as a person, and wait for the answer."""
    before = len(received(person))
    person.sends(text)
    await until(lambda: len(received(person)) > before)


def puts_in(url: str, person: Person, text: str, by: timedelta) -> None:
    """Put a message into the outbox, as another process does, due now on the clock that was set."""
    due = literal(url, system_clock() + by)
    payload = json.dumps(to_payload([Send(Screen(text))]))
    run_sql(
        url,
        "INSERT INTO outbox (channel, chat_id, kind, payload, due_at, attempts, state) "
        f"VALUES ('telegram', {person.id}, 'reply', '{payload}', {due}, 0, 'due')",
    )


async def test_set_back_an_hour_the_bot_goes_on_sweeping_and_answering(
    simulator: Simulator,
    clock: HostClock,
    env: dict[str, str],
    tmp_path: Path,
    url: str,
    alice: Person,
    unused_tcp_port: int,
) -> None:
    async with bot_process(tmp_path, env, fresh=True):
        await answers(alice)
        clock.set_offset(-HOUR)
        await until(lambda: "the system clock jumped by -3600" in (tmp_path / "log").read_text())
        await answers(alice)
        # By then the alarm has rung for the answer, so only the next sweep can find this row.
        await asyncio.sleep(2)
        puts_in(url, alice, "From elsewhere", -HOUR)
        await until(lambda: "From elsewhere" in received(alice))
        await answers(alice)
        assert (await http_request(unused_tcp_port, "/healthz")).status == 200

    assert "Traceback" not in (tmp_path / "log").read_text()


async def test_set_back_an_hour_postponed_rows_and_those_behind_them_are_delivered(
    simulator: Simulator, clock: HostClock, env: dict[str, str], tmp_path: Path, alice: Person
) -> None:
    async with bot_process(tmp_path, env, fresh=True):
        await answers(alice)
        simulator.faults.add(FaultKind.FLOOD, method="sendMessage", retry_after=3)
        alice.sends("/bookings")
        await until(lambda: "waits 3 s" in (tmp_path / "log").read_text())
        clock.set_offset(-HOUR)
        alice.sends("/help")
        await until(lambda: len(received(alice)) == 3)


@pytest.mark.skipif(not PROFILE.full, reason="takes more than a minute")
async def test_set_back_an_hour_the_bot_stays_healthy(
    clock: HostClock, env: dict[str, str], tmp_path: Path, alice: Person, unused_tcp_port: int
) -> None:
    async with bot_process(tmp_path, env, fresh=True):
        await answers(alice)
        clock.set_offset(-HOUR)
        for _ in range(80):
            assert (await http_request(unused_tcp_port, "/healthz")).status == 200
            await asyncio.sleep(1)
        await answers(alice)


async def holds(url: str, alice: Person) -> None:
    """Create a database in which Alice has a hold of half an hour."""
    now = system_clock()
    await migrate(url)
    database = Database(url)
    async with database.transaction() as uow:
        client, provider = [
            await uow.people.record_contact(Contact(account, name), now)
            for account, name in ((alice.id, "Alice"), (99, "Dora"))
        ]
        dora = await add_self(uow, provider.id, "Dora", "dora", now)
        first = grid_cell(now + timedelta(days=3))
        await uow.availability.replace(dora.id, [], [TimeSpan(first, first + 8 * QUARTER)])
        await hold_slot(uow, BookingPolicy(), client.id, SlotChoice(dora.id, first), now)
    await database.close()


async def test_set_forward_a_day_a_hold_expires_and_its_client_is_notified(
    clock: HostClock,
    env: dict[str, str],
    tmp_path: Path,
    url: str,
    alice: Person,
    unused_tcp_port: int,
) -> None:
    await holds(url, alice)
    async with bot_process(tmp_path, env, fresh=True):
        await answers(alice)
        clock.set_offset(timedelta(days=1))
        await until(lambda: any("expired" in text for text in received(alice)))
        await answers(alice)
        assert (await http_request(unused_tcp_port, "/healthz")).status == 200

    assert "the system clock jumped by +86400" in (tmp_path / "log").read_text()
