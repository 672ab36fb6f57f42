"""Several replicas on one PostgreSQL: the leader, chat locks, notifications and departures."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import datetime

import pytest

from bot.host import new_replica_number
from domain.failures import DatabaseAway
from domain.notification import Kind, Notification
from domain.operations.backoff import Backoff
from storage.cluster import membership as replicas
from storage.cluster.membership import PostgresMembership
from storage.database import Database
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.clinic import ALICE, BOB, NOW, OPENING, SECOND, hold, open_clinic
from tests.kit.fork_server import ForkedProcess
from tests.kit.raw_database import literal, rows, run_sql
from tests.kit.waiting import until
from tests.kit.worker import worker

pytestmark = pytest.mark.engines("postgresql")

CHAT = 4711
CONNECTION_OF = """SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2
    AND granted AND objid::bigint = {number}"""


class Watcher(PostgresMembership):
    """A replica that records due instants, and counts departures and reconnections."""

    def __init__(self, url: str, interval: float) -> None:
        super().__init__(
            url,
            new_replica_number(),
            check_interval=interval,
            reconnect=Backoff(interval, interval),
        )
        self.dues: list[datetime] = []
        self.departures = self.reconnections = 0
        self.watch(
            on_commit=self.dues.append,
            on_departure=self._count_departure,
            on_reconnect=self._count_reconnection,
        )

    def _count_departure(self) -> None:
        self.departures += 1

    def _count_reconnection(self, _away: float) -> None:
        self.reconnections += 1


class Replicas:
    """Starts replicas, and lets all of them leave at the end."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open = AsyncExitStack()

    async def join(self, interval: float = 0.02) -> Watcher:
        replica = Watcher(self._url, interval)
        await replica.join()
        self._open.push_async_callback(replica.leave)
        return replica

    async def leave(self) -> None:
        await self._open.aclose()


@pytest.fixture
async def team(database_url: str) -> AsyncIterator[Replicas]:
    started = Replicas(database_url)
    yield started
    await started.leave()


async def wait_for_locked_chat(replica: PostgresMembership, chat: int) -> "asyncio.Task[None]":
    """Let a replica wait for a chat's lock that another holds, and return the waiting task."""
    waiting = asyncio.create_task(replica.lock_chat(chat))
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    return waiting


@contextmanager
def another_process(url: str, *chats: int) -> Iterator[tuple[ForkedProcess, int]]:
    """Run a replica that leads and has locked these chats in its own process."""
    with worker("tests.storage.cluster.replica_worker:run", url, chats) as process:
        yield process.process, int(process.line())


def disconnect(url: str, number: int) -> None:
    """Terminate a replica's connection."""
    assert rows(url, f"SELECT pg_terminate_backend(({CONNECTION_OF.format(number=number)}))") == [
        (True,)
    ]


async def test_one_replica_leads_and_another_takes_over_when_it_leaves(team: Replicas) -> None:
    first = await team.join()
    await first.wait_until_leader()
    second = await team.join()

    assert (
        set(await first.live_replicas())
        == set(await second.live_replicas())
        == {first.number, second.number}
    )
    assert (first.is_leader, second.is_leader) == (True, False)
    await first.leave()
    await second.wait_until_leader()
    assert (first.is_leader, second.is_leader) == (False, True)
    assert list(await second.live_replicas()) == [second.number]


async def test_a_killed_process_frees_its_locks_and_another_replica_leads(
    team: Replicas, database_url: str
) -> None:
    then = literal(database_url, NOW)
    run_sql(
        database_url,
        "INSERT INTO outbox (channel, chat_id, kind, due_at, attempts, state)"
        f" VALUES ('telegram', {ALICE}, 'reply', {then}, 0, 'due')",
    )
    with another_process(database_url, CHAT, -CHAT) as (process, number):
        successor = await team.join()
        assert set(await successor.live_replicas()) == {number, successor.number}
        assert not successor.is_leader
        waiting = await wait_for_locked_chat(successor, CHAT)

        process.kill()
        await successor.wait_until_leader()
        await waiting
        await successor.lock_chat(-CHAT)
        await until(lambda: successor.departures)

    database = Database(database_url, replica=successor.number)
    assert await database.write(lambda uow: uow.outbox.claim(NOW, 10)) == []
    assert list(await successor.live_replicas()) == [successor.number]
    assert list(await successor.departed({number, successor.number})) == [number]
    assert await database.write(lambda uow: uow.outbox.release_leases([number])) == 1
    assert [row.chat_id for row in await database.write(lambda uow: uow.outbox.claim(NOW, 10))] == [
        ALICE
    ]
    await database.close()


async def test_a_disconnected_leader_steps_down_and_reconnects_with_its_number(
    team: Replicas, database_url: str
) -> None:
    first = await team.join()
    await first.wait_until_leader()
    number, second = first.number, await team.join()
    await first.lock_chat(CHAT)
    waiting = await wait_for_locked_chat(second, CHAT)

    disconnect(database_url, number)
    await first.wait_until_follower()
    await waiting
    await until(lambda: first.reconnections)

    assert first.number == number
    assert (
        set(await first.live_replicas())
        == set(await second.live_replicas())
        == {number, second.number}
    )
    await until(lambda: first.is_leader or second.is_leader)
    assert first.is_leader is not second.is_leader


async def test_a_replica_that_is_only_disconnected_has_not_departed(
    team: Replicas, database_url: str
) -> None:
    all_replicas = [await team.join() for _ in range(3)]
    numbers = {one.number for one in all_replicas}
    await until(lambda: all(numbers <= {*one.known_replicas} for one in all_replicas))
    results: list[object] = []
    for earlier in range(5):
        for one in all_replicas:
            disconnect(database_url, one.number)
        while not all(one.reconnections > earlier for one in all_replicas):
            for one in all_replicas:
                with suppress(DatabaseAway):
                    results.append(await one.departed(numbers))
            await asyncio.sleep(0)
        assert await all_replicas[0].departed({*numbers, 7}) == {7}
    assert results
    assert results == [set()] * len(results)


async def test_an_unknown_replica_has_departed_unless_the_server_just_started(
    team: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart disconnects all replicas, and this one may be the first to reconnect."""
    stays = await team.join()
    assert await stays.departed({7, stays.number}) == {7}

    monkeypatch.setattr(replicas, "GRACE_SECONDS", 10.0**8)
    assert await stays.departed({7, stays.number}) == set()
    monkeypatch.setattr(replicas, "GRACE_SECONDS", 0.0)
    await until(lambda: stays.departures)
    assert await stays.departed({7}) == {7}


async def test_a_leaving_replica_departs_at_once_and_a_killed_one_after_the_grace_period(
    team: Replicas, database_url: str
) -> None:
    with another_process(database_url, CHAT, -CHAT) as (process, dying):
        stays, leaves = await team.join(), await team.join()
        await until(lambda: {leaves.number, dying} <= {*stays.known_replicas})
        await leaves.leave()
        await until(lambda: leaves.number not in stays.known_replicas)
        assert await stays.departed({leaves.number, dying, stays.number}) == {leaves.number}
        process.kill()
    assert await stays.departed({dying}) == set()
    await until(lambda: dying not in stays.known_replicas)
    assert await stays.departed({dying}) == {dying}


async def test_there_are_never_two_leaders_however_often_connections_are_cut(
    team: Replicas, database_url: str
) -> None:
    all_replicas = [await team.join() for _ in range(3)]
    for _ in range(5):
        await until(lambda: any(one.is_leader for one in all_replicas))
        [leader] = [one for one in all_replicas if one.is_leader]
        disconnect(database_url, leader.number)
        await leader.wait_until_follower()
        assert [one for one in all_replicas if one.is_leader] in [
            [],
            *([one] for one in all_replicas if one is not leader),
        ]


async def test_a_disconnected_replica_raises_for_every_query(
    team: Replicas, database_url: str
) -> None:
    replica = await team.join(interval=60)
    await replica.wait_until_leader()

    disconnect(database_url, replica.number)
    # Immediately, not at the next check.
    async with asyncio.timeout(30):
        await replica.wait_until_follower()

    with pytest.raises(DatabaseAway):
        await replica.lock_chat(CHAT)
    with pytest.raises(DatabaseAway):
        await replica.live_replicas()
    # There is no lock to release, so this does nothing.
    replica.unlock_chat(CHAT)


async def test_joining_an_unreachable_server_raises() -> None:
    with pytest.raises(DatabaseAway):
        await PostgresMembership("postgresql://slotkeeper@127.0.0.1:1/nowhere", 1).join()


async def test_one_replica_at_a_time_holds_the_lock_of_a_chat(team: Replicas) -> None:
    all_replicas, holders, order = [await team.join() for _ in range(3)], set[int](), list[int]()

    async def lock_and_unlock(one: PostgresMembership) -> None:
        for _ in range(5):
            await one.lock_chat(CHAT)
            holders.add(one.number)
            assert holders == {one.number}
            await asyncio.sleep(0.002)
            holders.clear()
            order.append(one.number)
            one.unlock_chat(CHAT)

    await asyncio.gather(*map(lock_and_unlock, all_replicas))

    assert {number: order.count(number) for number in order} == {
        one.number: 5 for one in all_replicas
    }


async def test_locks_of_different_chats_are_independent(team: Replicas) -> None:
    first, second = await team.join(), await team.join()
    await first.lock_chat(CHAT)

    for other in (CHAT + 1, -CHAT, 2**52, -(2**40)):
        await second.lock_chat(other)


async def test_a_cancelled_wait_for_a_chat_lock_blocks_no_other_replica(
    team: Replicas, database_url: str
) -> None:
    first, second, third = [await team.join() for _ in range(3)]
    await first.lock_chat(CHAT)
    waiting = await wait_for_locked_chat(second, CHAT)

    waiting.cancel()
    first.unlock_chat(CHAT)

    await third.lock_chat(CHAT)


async def test_a_chat_lock_granted_after_cancellation_is_released(team: Replicas) -> None:
    cancelling, other = await team.join(), await team.join()
    # The lock is queried after this query, so it is not granted before the cancellation.
    busy = asyncio.create_task(cancelling.live_replicas())
    locking = asyncio.create_task(cancelling.lock_chat(CHAT))
    for _ in range(3):
        await asyncio.sleep(0)
    locking.cancel()
    await asyncio.wait([busy, locking])
    assert locking.cancelled()
    async with asyncio.timeout(30):
        await other.lock_chat(CHAT)


async def test_a_commit_tells_all_other_replicas_when_something_falls_due(
    team: Replicas, database_url: str
) -> None:
    first, second = await team.join(), await team.join()
    own_database, other_database = (
        Database(database_url, replica=first.number),
        Database(database_url, replica=second.number),
    )
    async with own_database.transaction() as uow:
        dora, _ = await open_clinic(uow)
    held = await hold(own_database, ALICE, dora, OPENING)
    warned = held.expires_at
    await until(lambda: second.dues)
    assert warned
    assert [due < warned for due in second.dues] == [True]

    async with other_database.transaction() as uow:
        await uow.outbox.notify([Notification(BOB, Kind.HOLD_EXPIRED, held.id, NOW + 2 * SECOND)])
        await uow.outbox.notify([Notification(BOB, Kind.BOOKING_CONFIRMED, held.id, NOW + SECOND)])
    await until(lambda: first.dues)

    # Notifications arrive in order, so there was no earlier one.
    assert first.dues == [NOW + SECOND]
    assert len(second.dues) == 1
    for database in (own_database, other_database):
        await database.close()


async def test_a_rolled_back_transaction_notifies_no_replica(
    team: Replicas, database: Database
) -> None:
    listener = await team.join()
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
    held = await hold(database, ALICE, dora, OPENING)
    await until(lambda: listener.dues)

    async def fail(uow: SqlUnitOfWork) -> None:
        await uow.outbox.notify([Notification(BOB, Kind.HOLD_EXPIRED, held.id, NOW)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(fail)
    async with database.transaction() as uow:
        await uow.outbox.notify([Notification(BOB, Kind.HOLD_EXPIRED, held.id, NOW + SECOND)])

    await until(lambda: len(listener.dues) > 1)
    assert listener.dues[1:] == [NOW + SECOND]
