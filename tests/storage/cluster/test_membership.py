"""Several replicas on one PostgreSQL: who leads, whose turn a chat is, what they hear of each other, and what a death leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import datetime

import pytest

from domain.notification import Kind, Notification
from domain.ports import DatabaseAway
from storage.cluster import membership as replicas
from storage.cluster.membership import PostgresMembership
from storage.database import Database
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.clinic import ALICE, BOB, NOW, OPENING, SECOND, hold, open_clinic
from tests.kit.fork_server import ForkedProcess
from tests.kit.raw_database import changes, literal, rows
from tests.kit.worker import worker

pytestmark = pytest.mark.engines("postgresql")

CHAT = 4711
CONNECTION_OF = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted AND objid::bigint = {number}"


@pytest.fixture(autouse=True)
def attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have replicas look around often, so that nobody waits a second for them."""
    monkeypatch.setattr(replicas, "_CHECK_SECONDS", 0.02)
    monkeypatch.setattr(replicas, "_RECONNECT_SECONDS", 0.02)


class Watcher(PostgresMembership):
    """A replica that notes what it hears and how often somebody was gone."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.dues: list[datetime] = []
        self.partings = 0
        self.watch(
            on_commit=self.dues.append,
            on_departure=self._counts,
            on_reconnect=lambda _away: self._counts(),
        )

    def _counts(self) -> None:
        self.partings += 1


class Replicas:
    """Starts replicas and, at the end, has all of them leave."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open = AsyncExitStack()

    async def joins(self) -> Watcher:
        replica = Watcher(self._url)
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


async def comes_true(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  (what is waited for knows nothing of tests)
            await asyncio.sleep(0.005)


async def waits_in_vain(replica: PostgresMembership, chat: int) -> "asyncio.Task[None]":
    """Have a replica wait for a chat's turn that another has, and return once it was told no."""
    waiting = asyncio.create_task(replica.lock_chat(chat))
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    return waiting


@contextmanager
def another_process(url: str, *chats: int) -> Iterator[tuple[ForkedProcess, int]]:
    """Run a replica that leads and has locked these chats in a process of its own."""
    with worker("tests.storage.cluster.replica_worker:lives", url, chats) as process:
        yield process.process, int(process.line())


def cut(url: str, number: int) -> None:
    """Cut a replica's connection."""
    assert rows(url, f"SELECT pg_terminate_backend(({CONNECTION_OF.format(number=number)}))") == [
        (True,)
    ]


async def test_one_leads_and_when_it_leaves_another_does(team: Replicas) -> None:
    first = await team.joins()
    await first.wait_until_leader()
    second = await team.joins()

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


async def test_what_a_killed_process_had_is_free_and_another_leads(
    team: Replicas, database_url: str
) -> None:
    then = literal(database_url, NOW)
    changes(
        database_url,
        f"INSERT INTO outbox (recipient_id, kind, due_at, attempts, state) VALUES ({ALICE}, 'reply', {then}, 0, 'due')",
    )
    with another_process(database_url, CHAT, -CHAT) as (process, number):
        heir = await team.joins()
        assert set(await heir.live_replicas()) == {number, heir.number}
        assert not heir.is_leader
        in_vain = await waits_in_vain(heir, CHAT)

        process.kill()
        await heir.wait_until_leader()
        await in_vain
        await heir.lock_chat(-CHAT)
        await comes_true(lambda: heir.partings)

    database = Database(database_url, replica=heir.number)
    assert await database.write(lambda uow: uow.outbox.claim(NOW, 10)) == []
    assert list(await heir.live_replicas()) == [heir.number]
    assert list(await heir.departed({number, heir.number})) == [number]
    assert await database.write(lambda uow: uow.outbox.release_leases([number])) == 1
    assert [
        row.recipient_id for row in await database.write(lambda uow: uow.outbox.claim(NOW, 10))
    ] == [ALICE]
    await database.close()


async def test_one_whose_connection_is_cut_leads_no_more_and_comes_back_under_the_same_number(
    team: Replicas, database_url: str
) -> None:
    first = await team.joins()
    await first.wait_until_leader()
    number, second = first.number, await team.joins()
    await first.lock_chat(CHAT)
    in_vain = await waits_in_vain(second, CHAT)

    cut(database_url, number)
    await first.wait_until_follower()
    await in_vain
    await comes_true(lambda: first.partings)

    assert first.number == number
    assert (
        set(await first.live_replicas())
        == set(await second.live_replicas())
        == {number, second.number}
    )
    await comes_true(lambda: first.is_leader or second.is_leader)
    assert first.is_leader is not second.is_leader


async def test_whoever_is_only_cut_off_is_not_taken_for_one_who_is_gone(
    team: Replicas, database_url: str
) -> None:
    everybody = [await team.joins() for _ in range(3)]
    numbers = {one.number for one in everybody}
    judged: list[object] = []
    for _ in range(5):
        for one in everybody:
            cut(database_url, one.number)
        await asyncio.gather(
            *(comes_true(lambda one=one: one._connection is None) for one in everybody)  # type: ignore[misc]
        )
        while any(one._connection is None for one in everybody):
            for one in everybody:
                with suppress(DatabaseAway):
                    judged.append(await one.departed(numbers))
            await asyncio.sleep(0)
        assert await everybody[0].departed({*numbers, 7}) == {7}
    assert judged
    assert judged == [set()] * len(judged)


async def test_whoever_was_never_seen_is_gone_unless_the_server_has_just_started(
    team: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart cuts everybody off, and this one may be the first to be back."""
    stays = await team.joins()
    assert await stays.departed({7, stays.number}) == {7}

    monkeypatch.setattr(replicas, "GRACE_SECONDS", 10.0**8)
    assert await stays.departed({7, stays.number}) == set()
    monkeypatch.setattr(replicas, "GRACE_SECONDS", 0.0)
    await comes_true(lambda: stays.partings)
    assert await stays.departed({7}) == {7}


async def test_one_that_leaves_is_missed_at_once_and_one_that_dies_after_a_while(
    team: Replicas, database_url: str
) -> None:
    with another_process(database_url, CHAT, -CHAT) as (process, dies):
        stays, leaves = await team.joins(), await team.joins()
        await comes_true(lambda: {leaves.number, dies} <= {*stays._seen})
        await leaves.leave()
        await comes_true(lambda: leaves.number not in stays._seen)
        assert await stays.departed({leaves.number, dies, stays.number}) == {leaves.number}
        process.kill()
    assert await stays.departed({dies}) == set()
    await comes_true(lambda: dies not in stays._seen)
    assert await stays.departed({dies}) == {dies}


async def test_a_leader_is_never_doubled_however_often_connections_are_cut(
    team: Replicas, database_url: str
) -> None:
    everybody = [await team.joins() for _ in range(3)]
    for _ in range(5):
        await comes_true(lambda: any(one.is_leader for one in everybody))
        [leader] = [one for one in everybody if one.is_leader]
        cut(database_url, leader.number)
        await leader.wait_until_follower()
        assert [one for one in everybody if one.is_leader] in [
            [],
            *([one] for one in everybody if one is not leader),
        ]


async def test_while_it_is_cut_off_a_replica_is_told_so(
    team: Replicas, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "_RECONNECT_SECONDS", 60)
    monkeypatch.setattr(replicas, "_CHECK_SECONDS", 60)
    lonely = await team.joins()
    await lonely.wait_until_leader()

    cut(database_url, lonely.number)
    # At once, and not at the next look.
    async with asyncio.timeout(30):
        await lonely.wait_until_follower()

    with pytest.raises(DatabaseAway):
        await lonely.lock_chat(CHAT)
    with pytest.raises(DatabaseAway):
        await lonely.live_replicas()
    # There is nothing to give back, and nobody is troubled with it.
    lonely.unlock_chat(CHAT)


async def test_a_replica_that_cannot_join_says_so() -> None:
    with pytest.raises(DatabaseAway):
        await PostgresMembership("postgresql://slotkeeper@127.0.0.1:1/nowhere").join()


async def test_a_chats_turn_is_had_by_one_replica_at_a_time(team: Replicas) -> None:
    everybody, having, order = [await team.joins() for _ in range(3)], set[int](), list[int]()

    async def works(one: PostgresMembership) -> None:
        for _ in range(5):
            await one.lock_chat(CHAT)
            having.add(one.number)
            assert having == {one.number}
            await asyncio.sleep(0.002)
            having.clear()
            order.append(one.number)
            one.unlock_chat(CHAT)

    await asyncio.gather(*map(works, everybody))

    assert {number: order.count(number) for number in order} == {one.number: 5 for one in everybody}


async def test_turns_of_other_chats_are_free(team: Replicas) -> None:
    first, second = await team.joins(), await team.joins()
    await first.lock_chat(CHAT)

    for other in (CHAT + 1, -CHAT, 2**52, -(2**40)):
        await second.lock_chat(other)


async def test_whoever_gives_up_waiting_keeps_nobody_out(team: Replicas, database_url: str) -> None:
    first, second, third = [await team.joins() for _ in range(3)]
    await first.lock_chat(CHAT)
    waiting = await waits_in_vain(second, CHAT)

    waiting.cancel()
    first.unlock_chat(CHAT)

    await third.lock_chat(CHAT)


async def test_whoever_gives_up_just_when_the_turn_is_given_to_him_gives_it_back(
    team: Replicas,
) -> None:
    fickle, patient = await team.joins(), await team.joins()
    async with fickle._connection_lock:
        asking = asyncio.create_task(fickle.lock_chat(CHAT))
        for _ in range(3):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
    assert asking.cancelled()

    # The question was on its way, and it is answered with yes.
    async with asyncio.timeout(30):
        await patient.lock_chat(CHAT)


async def test_of_anothers_commit_all_but_its_author_hear_when_something_falls_due(
    team: Replicas, database_url: str
) -> None:
    ours, others = await team.joins(), await team.joins()
    own, foreign = (
        Database(database_url, replica=ours.number),
        Database(database_url, replica=others.number),
    )
    async with own.transaction() as uow:
        dora, _ = await open_clinic(uow)
    held = await hold(own, ALICE, dora, OPENING)
    warned = held.expires_at
    await comes_true(lambda: others.dues)
    assert warned
    assert [due < warned for due in others.dues] == [True]

    async with foreign.transaction() as uow:
        await uow.outbox.notify([Notification(BOB, Kind.HOLD_EXPIRED, held.id, NOW + 2 * SECOND)])
        await uow.outbox.notify([Notification(BOB, Kind.BOOKING_CONFIRMED, held.id, NOW + SECOND)])
    await comes_true(lambda: ours.dues)

    # What was told first would have been heard first.
    assert ours.dues == [NOW + SECOND]
    assert len(others.dues) == 1
    for database in (own, foreign):
        await database.close()


async def test_of_what_is_undone_nobody_hears(team: Replicas, database: Database) -> None:
    listener = await team.joins()
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
    held = await hold(database, ALICE, dora, OPENING)
    await comes_true(lambda: listener.dues)

    async def fails(uow: SqlUnitOfWork) -> None:
        await uow.outbox.notify([Notification(BOB, Kind.HOLD_EXPIRED, held.id, NOW)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(fails)
    async with database.transaction() as uow:
        await uow.outbox.notify([Notification(BOB, Kind.HOLD_EXPIRED, held.id, NOW + SECOND)])

    await comes_true(lambda: len(listener.dues) > 1)
    assert listener.dues[1:] == [NOW + SECOND]
