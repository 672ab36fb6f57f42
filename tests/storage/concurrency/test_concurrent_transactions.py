"""Concurrent transactions: one waits for the other, sees its result and never repeats it."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import pytest

from domain import errors
from domain.choice import SlotChoice
from domain.failures import TransactionConflict
from domain.invitation import InvitationKind
from domain.operations.outbox import OutboxRow
from domain.person import Contact
from domain.provider import Provider
from domain.usecases.end_reservation import confirm_hold
from domain.usecases.expire_holds import expire_holds
from domain.usecases.hold_slot import hold_slot
from domain.usecases.invite import accept_invitation, add_invitation
from domain.usecases.remove_availability import Inside, Removal, remove_availability
from storage.database import Database
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.cells import QUARTER
from tests.kit.clinic import (
    ALICE,
    BOB,
    DORA,
    EMIL,
    HOURS,
    NOW,
    OPENING,
    POLICY,
    SECOND,
    account_of,
    add_people,
    hold,
    open_clinic,
)
from tests.kit.raw_database import literal, rows, run_sql, until_row
from tests.storage.audit import audit

OVER = NOW + POLICY.hold_duration
postgresql_only = pytest.mark.engines("postgresql")  # SQLite runs one at a time.


@pytest.fixture
async def dora(database: Database) -> Provider:
    async with database.transaction() as uow:
        return (await open_clinic(uow))[0]


async def wait_for_blocked_transaction(url: str) -> None:
    """Wait until some transaction waits for another."""
    await until_row(
        url,
        "SELECT FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()",
    )


async def refused(action: Awaitable[object]) -> str:
    try:
        await action
    except errors.Refusal as refusal:
        return refusal.code
    return "done"


async def sweep(database: Database) -> int:
    return await database.write(lambda uow: expire_holds(uow, POLICY, OVER))


def statuses(database: Database) -> list[str]:
    return [
        status for (status,) in rows(database.url, "SELECT status FROM reservation ORDER BY id")
    ]


@postgresql_only
async def test_a_hold_being_confirmed_is_not_swept(database: Database, dora: Provider) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    async with database.transaction() as uow:
        await confirm_hold(uow, POLICY, held.id, ALICE, OVER - SECOND)
        assert await sweep(database) == 0

    assert await sweep(database) == 0
    assert statuses(database) == ["confirmed"]
    assert audit(database.url, OVER) == []


@postgresql_only
async def test_a_hold_being_swept_cannot_be_confirmed(database: Database, dora: Provider) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    async with database.transaction() as uow:
        assert await expire_holds(uow, POLICY, OVER) == 1
        confirming = asyncio.create_task(
            refused(
                database.write(
                    lambda other: confirm_hold(other, POLICY, held.id, ALICE, OVER - SECOND)
                )
            )
        )
        await wait_for_blocked_transaction(database.url)

    assert await confirming == "hold_expired"
    assert statuses(database) == ["expired"]
    assert audit(database.url, OVER) == []


@postgresql_only
async def test_the_slot_of_a_hold_being_confirmed_is_taken(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    async with database.transaction() as uow:
        await confirm_hold(uow, POLICY, held.id, ALICE, OVER - SECOND)
        taking = asyncio.create_task(
            refused(
                database.write(
                    lambda other: hold_slot(other, POLICY, BOB, SlotChoice(dora.id, OPENING), OVER)
                )
            )
        )
        await wait_for_blocked_transaction(database.url)

    assert await taking == "slot_taken"
    assert statuses(database) == ["confirmed"]
    assert audit(database.url, OVER) == []


def remove(
    dora: Provider, inside: Inside = Inside.ASK
) -> Callable[[SqlUnitOfWork], Awaitable[Removal]]:
    return lambda uow: remove_availability(uow, POLICY, DORA, dora.id, [HOURS], inside, NOW)


@postgresql_only
async def test_removing_hours_waits_for_a_concurrent_hold_and_lists_it(
    database: Database, dora: Provider
) -> None:
    async with database.transaction() as uow:
        held = await hold_slot(uow, POLICY, ALICE, SlotChoice(dora.id, OPENING), NOW)
        removing = asyncio.create_task(database.write(remove(dora)))
        await wait_for_blocked_transaction(database.url)

    assert await removing == Removal(done=False, inside=(held,))


@postgresql_only
async def test_a_hold_waits_for_hours_being_removed_and_is_refused(
    database: Database, dora: Provider
) -> None:
    async with database.transaction() as uow:
        assert (await remove(dora)(uow)).done
        holding = asyncio.create_task(refused(hold(database, ALICE, dora, OPENING)))
        await wait_for_blocked_transaction(database.url)

    assert await holding == "slot_not_offered"
    assert statuses(database) == []


@pytest.mark.parametrize("inside", list(Inside))
async def test_no_hold_outside_the_hours_is_hidden_from_the_provider(
    database: Database, dora: Provider, inside: Inside
) -> None:
    crowd = range(501, 521)
    async with database.transaction() as uow:
        await add_people(uow, *crowd)

    async def holds(client: int) -> str:
        choice = SlotChoice(dora.id, OPENING + client % 32 * QUARTER)
        return await refused(
            database.write(lambda uow: hold_slot(uow, POLICY, client, choice, NOW))
        )

    early, removal, late = await asyncio.gather(
        asyncio.gather(*map(holds, crowd[:10])),
        database.write(remove(dora, inside)),
        asyncio.gather(*map(holds, crowd[10:])),
    )

    live = {
        number
        for (number,) in rows(database.url, "SELECT id FROM reservation WHERE status = 'held'")
    }
    shown = {reservation.id for reservation in removal.inside}
    posted = rows(database.url, f"SELECT end_cell FROM availability WHERE provider_id = {dora.id}")
    assert set(early) | set(late) <= {"done", "slot_not_offered"}
    assert bool(posted) is not removal.done
    assert {
        Inside.ASK: bool(posted) or not live,
        Inside.KEEP: live == shown,
        Inside.CANCEL: not live,
    }[inside]
    assert audit(database.url, NOW) == []


async def join(database: Database, guest: Contact, code: str) -> Provider:
    async def accept(uow: SqlUnitOfWork) -> Provider:
        person = await uow.people.record_contact(guest, NOW)
        _, provider = await accept_invitation(uow, person, guest, code, NOW)
        assert provider
        return provider

    return await database.write(accept)


async def test_one_of_ten_concurrent_guests_can_accept_an_invitation(database: Database) -> None:
    guests = [Contact(number, "Jürgen Groß") for number in range(601, 611)]
    async with database.transaction() as uow:
        for guest in guests:
            await uow.people.record_contact(guest, NOW)
        code, _ = await add_invitation(uow, InvitationKind.PROVIDER, NOW)

    done = await asyncio.gather(*(refused(join(database, guest, code)) for guest in guests))

    assert Counter(done) == {"done": 1, "invitation_used": 9}
    assert rows(database.url, "SELECT count(*) FROM provider") == [(1,)]


async def test_concurrent_providers_of_one_name_get_different_slugs(database: Database) -> None:
    guests = [Contact(number, "Jürgen Groß") for number in range(601, 605)]
    async with database.transaction() as uow:
        people = [await uow.people.record_contact(guest, NOW) for guest in guests]
        codes = [
            (await add_invitation(uow, InvitationKind.PROVIDER, NOW, invited_by=people[0].id))[0]
            for _ in guests
        ]

    joined = await asyncio.gather(*map(partial(join, database), guests, codes))

    assert sorted(provider.slug for provider in joined) == [
        "juergen-gross",
        *(f"juergen-gross-{n}" for n in (2, 3, 4)),
    ]


class Undone(Exception):
    """Rolls a transaction back."""


@postgresql_only
@pytest.mark.parametrize("kept", [True, False])
async def test_an_update_delivered_twice_at_once_is_processed_once(
    database: Database, *, kept: bool
) -> None:
    with suppress(Undone):
        async with database.transaction() as uow:
            assert await uow.updates.begin(5, NOW)
            again = asyncio.create_task(database.write(lambda other: other.updates.begin(5, NOW)))
            await wait_for_blocked_transaction(database.url)
            if not kept:
                raise Undone

    assert await again is not kept
    assert rows(database.url, "SELECT update_id FROM processed_update") == [(5,)]


@postgresql_only
async def test_two_holds_cannot_swap_their_slots_concurrently(
    database: Database, dora: Provider
) -> None:
    first, second = (
        await hold(database, ALICE, dora, OPENING),
        await hold(database, BOB, dora, OPENING + QUARTER),
    )
    both_left, tries = asyncio.Barrier(2), Counter[int]()

    async def move_twice(
        uow: SqlUnitOfWork, client: int, number: int, stop: int, goal: int
    ) -> None:
        tries[client] += 1
        await hold_slot(uow, POLICY, client, SlotChoice(dora.id, stop, number), NOW)
        if tries[client] == 1:
            await both_left.wait()
        await hold_slot(uow, POLICY, client, SlotChoice(dora.id, goal, number), NOW)

    done = await asyncio.gather(
        refused(
            database.write(
                lambda uow: move_twice(
                    uow, ALICE, first.id, OPENING + 4 * QUARTER, OPENING + QUARTER
                )
            )
        ),
        refused(
            database.write(
                lambda uow: move_twice(uow, BOB, second.id, OPENING + 8 * QUARTER, OPENING)
            )
        ),
    )

    # The two deadlock. One is rolled back, so the other finds the first still in its slot; then the
    # first is retried.
    assert sorted(tries.values()) == [1, 2]
    assert set(done) == {"slot_taken"}
    assert rows(
        database.url, "SELECT client_id, start_cell FROM reservation ORDER BY client_id"
    ) == [(ALICE, OPENING), (BOB, OPENING + QUARTER)]
    assert audit(database.url, NOW) == []


async def deadlock_two_transactions(database: Database, *, again: bool) -> list[str]:
    """Let two transactions change the same two people in opposite order."""
    met, tries = asyncio.Barrier(2), Counter[int]()

    async def choose_zones(uow: SqlUnitOfWork, first: int, second: int) -> str:
        tries[first] += 1
        await uow.people.choose_zone(first, "Europe/Berlin")
        if tries[first] == 1:
            await met.wait()
        await uow.people.choose_zone(second, "Europe/Berlin")
        return f"done after {tries[first]}"

    async def once(first: int, second: int) -> str:
        try:
            async with database.transaction() as uow:
                return await choose_zones(uow, first, second)
        except TransactionConflict as conflict:
            return f"conflict {conflict}"

    async def until_done(first: int, second: int) -> str:
        return await database.write(partial(choose_zones, first=first, second=second))

    tried = until_done if again else once
    return sorted(await asyncio.gather(tried(ALICE, BOB), tried(BOB, ALICE)))


@postgresql_only
async def test_of_two_deadlocked_transactions_one_conflicts_or_is_retried(
    database: Database, dora: Provider
) -> None:
    assert await deadlock_two_transactions(database, again=False) == [
        "conflict 40P01",
        "done after 1",
    ]
    assert await deadlock_two_transactions(database, again=True) == ["done after 1", "done after 2"]


@postgresql_only
async def test_two_sweepers_expire_a_thousand_holds_once_each(
    database: Database, dora: Provider
) -> None:
    then, end = literal(database.url, NOW), literal(database.url, OVER)
    state = json.dumps({"expires_at": OVER.isoformat()})
    run_sql(
        database.url,
        f"""INSERT INTO person (id, telegram_id, name, first_seen_at)
        SELECT n, {account_of(0)} + n, 'Guest', {then} FROM generate_series(2001, 3000) n;
        INSERT INTO reservation
        (provider_id, client_id, start_cell, end_cell, status, held_at, expires_at, revision)
        SELECT {dora.id}, n, {OPENING} + n * {QUARTER}, {OPENING} + (n + 1) * {QUARTER},
        'held', {then}, {end}, 1
        FROM generate_series(2001, 3000) n;
        INSERT INTO busy (kind, subject, cell, reservation_id, hold_until)
        SELECT kind, CASE kind WHEN 0 THEN provider_id ELSE client_id END,
        cell, id, expires_at FROM reservation, generate_series(0, 1) kind,
        generate_series(start_cell, end_cell - 1) cell;
        INSERT INTO history (reservation_id, revision, actor_id, act, at, after)
        SELECT id, 1, client_id, 'held', {then}, '{state}' FROM reservation;
        INSERT INTO outbox (channel, chat_id, recipient_id, kind, subject_kind, subject_id,
        revision, dedupe_key, due_at, attempts, state)
        SELECT 'telegram', {account_of(0)} + client_id, client_id, 'hold_warning', 'reservation',
        id, 1, 'hold_warning:' || id, {then}, 0, 'due' FROM reservation""",
    )

    async def sweep_all() -> int:
        ended = 0
        while batch := await database.write(lambda uow: expire_holds(uow, POLICY, OVER, limit=50)):
            ended += batch
        return ended

    one, other = await asyncio.gather(sweep_all(), sweep_all())

    assert one + other == 1_000
    assert min(one, other) > 0
    assert Counter(statuses(database)) == {"expired": 1_000}
    assert audit(database.url, OVER) == []


@pytest.mark.parametrize("seed", range(3))
async def test_concurrent_claims_deliver_in_order_and_once_to_each_chat(
    database: Database, seed: int
) -> None:
    choices = random.Random(seed)  # noqa: S311
    dues = [(choices.randint(1, 6), NOW + choices.randrange(4) * SECOND) for _ in range(60)]
    values = ", ".join(
        f"('telegram', {chat}, 'reply', {literal(database.url, due)}, 0, 'due')"
        for chat, due in dues
    )
    run_sql(
        database.url,
        f"INSERT INTO outbox (channel, chat_id, kind, due_at, attempts, state) VALUES {values}",
    )
    wanted = rows(database.url, "SELECT chat_id, id FROM outbox ORDER BY due_at, id")
    now, delivered = NOW + 4 * SECOND, list[tuple[int, int]]()

    async def deliver_row(row: OutboxRow) -> None:
        delivered.append((row.chat_id, row.id))
        await asyncio.sleep(choices.random() / 500)
        await database.write(lambda uow: uow.outbox.record_result(row, "sent", now))

    async def deliver() -> None:
        while rows(database.url, "SELECT 1 FROM outbox LIMIT 1"):
            for row in await database.write(
                lambda uow: uow.outbox.claim(now, choices.randint(1, 3))
            ):
                await deliver_row(row)

    await asyncio.gather(*(deliver() for _ in range(6)))

    assert {chat: [row for one, row in delivered if one == chat] for chat in range(1, 7)} == {
        chat: [row for one, row in wanted if one == chat] for chat in range(1, 7)
    }


async def test_only_the_leases_of_a_departed_replica_are_released(database_url: str) -> None:
    run_sql(
        database_url,
        "INSERT INTO outbox (channel, chat_id, kind, due_at, attempts, state) VALUES "
        + ", ".join(
            f"('telegram', {chat}, 'reply', {literal(database_url, NOW)}, 0, 'due')"
            for chat in (ALICE, BOB, DORA)
        ),
    )
    dead, living, third = (Database(database_url, replica=number) for number in (7, 8, 9))

    async def claimed(database: Database, limit: int = 1) -> list[int]:
        async with database.transaction() as uow:
            return [row.chat_id for row in await uow.outbox.claim(NOW, limit)]

    assert (await claimed(dead), await claimed(living)) == ([ALICE], [BOB])
    async with third.transaction() as uow:
        await uow.outbox.reply(EMIL, None, {}, NOW)
        assert set(await uow.outbox.lease_holders()) == {7, 8, 9}
        assert await uow.outbox.release_leases({7}) == 1

    assert await claimed(third, 10) == [ALICE, DORA]
    for database in (dead, living, third):
        await database.close()
