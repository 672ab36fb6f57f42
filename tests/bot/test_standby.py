"""Replicas that poll: the leader polls and the others stand by, and no update is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import pytest

from bot.app import App
from bot.lifecycle import run
from bot.settings import Settings
from simulator.simulator import Simulator
from simulator.state.people import Person
from tests.kit.bot import TOKEN
from tests.kit.raw_database import rows
from tests.kit.replicas import drop_connections, leaders, membership, refuse_connections
from tests.kit.waiting import until

pytestmark = pytest.mark.engines("postgresql")


@dataclass
class Running:
    """A running replica."""

    task: asyncio.Task[None]
    app: App

    async def ends(self) -> None:
        """Stop the replica as a signal does."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@dataclass
class Group:
    """Several running replicas."""

    simulator: Simulator
    url: str
    replicas: list[Running] = field(default_factory=list)

    @property
    def leader(self) -> Running:
        """The replica that leads."""
        [app] = leaders([replica.app for replica in self.replicas])
        return next(replica for replica in self.replicas if replica.app is app)

    def has_leader(self) -> bool:
        """Return whether exactly one replica leads."""
        return len(leaders([replica.app for replica in self.replicas])) == 1

    async def grows(self) -> None:
        """Start one more replica."""
        ready: asyncio.Future[App] = asyncio.get_running_loop().create_future()

        async def is_ready(app: App) -> None:
            ready.set_result(app)

        settings = Settings(
            _env_file=None, telegram_api_url=self.simulator.url, database_url=self.url
        )
        task = asyncio.create_task(
            run(settings, TOKEN, read_timeout=2, ready=is_ready, serve=False)
        )
        self.replicas.append(Running(task, await ready))


@pytest.fixture
async def group(database_url: str) -> AsyncIterator[Group]:
    """Three replicas that poll one Telegram, which has refused nothing at the end."""
    simulator = Simulator(token=TOKEN)
    await simulator.start()
    replicas = Group(simulator, database_url)
    for _ in range(3):
        await replicas.grows()
    await until(lambda: simulator.world.poll)
    yield replicas
    for replica in replicas.replicas:
        await replica.ends()
    await simulator.stop()
    assert simulator.transcript.warnings == []


def received(person: Person) -> list[str]:
    return [message.text for message in person.chat.messages if message.sender == "bot"]


def all_received(people: list[Person], count: int) -> bool:
    return all(len(received(person)) >= count for person in people)


async def test_when_the_polling_replica_ends_another_polls_and_nothing_repeats(
    group: Group,
) -> None:
    people = [group.simulator.person(f"Person {number}") for number in range(5)]
    for _ in range(2):
        for person in people:
            person.sends("/help")
        gone = group.leader
        await gone.ends()
        group.replicas.remove(gone)
        await until(group.has_leader)
        for person in people:
            person.sends("/privacy")
    await until(lambda: not group.simulator.world.updates.pending)
    await until(
        lambda: rows(group.url, "SELECT count(*) FROM outbox WHERE state = 'due'") == [(0,)]
    )

    assert [len(received(person)) for person in people] == [4] * 5
    assert not [
        call for call in group.simulator.transcript.calls_of("getUpdates") if call.status == 409
    ]


async def test_lost_connections_lose_no_update_and_set_none_aside(group: Group) -> None:
    people = [group.simulator.person(f"Person {number}") for number in range(10)]
    for lines in range(1, 7):
        for person in people:
            person.sends("/help")
        if lines % 2:
            drop_connections(group.url)
        await until(partial(all_received, people, lines))
    await until(lambda: not group.simulator.world.updates.pending)
    await until(
        lambda: rows(group.url, "SELECT count(*) FROM outbox WHERE state = 'due'") == [(0,)]
    )
    await until(group.has_leader)

    assert rows(group.url, "SELECT count(*) FROM failed_update") == [(0,)]
    assert not any(replica.task.done() for replica in group.replicas)


async def test_replicas_recover_after_the_database_refused_connections(group: Group) -> None:
    people = [group.simulator.person(f"Person {number}") for number in range(10)]
    with refuse_connections(group.url):
        for person in people:
            person.sends("/help")
        await until(lambda: not any(replica.app.membership.is_leader for replica in group.replicas))
        await asyncio.gather(
            *(replica.app.membership.wait_until_follower() for replica in group.replicas)
        )
    await until(lambda: all(received(person) for person in people))
    await until(group.has_leader)
    # One replica leads before all have reconnected.
    await until(lambda: all(membership(replica.app).is_connected for replica in group.replicas))

    assert rows(group.url, "SELECT count(*) FROM failed_update") == [(0,)]
    assert set(await membership(group.leader.app).live_replicas()) == {
        replica.app.membership.number for replica in group.replicas
    }
