"""A committed transaction knows its events, and the outbox knows its backlog."""

from datetime import timedelta

import pytest

from domain import errors
from domain.choice import SlotChoice
from domain.events import CancelledByClient, HoldConfirmed, HoldExpired, SlotHeld
from domain.operations.outbox import Backlog
from domain.usecases.end_reservation import cancel_by_client, confirm_hold
from domain.usecases.hold_slot import hold_slot
from storage.database import Database
from storage.maintenance.migrate import is_current
from tests.kit.clinic import (
    ALICE,
    BOB,
    CARA,
    NOW,
    OPENING,
    POLICY,
    SECOND,
    account_of,
    hold,
    open_clinic,
)


async def test_a_transaction_records_its_events_in_order(database: Database) -> None:
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
        held = await hold_slot(uow, POLICY, ALICE, SlotChoice(dora.id, OPENING), NOW)
        await confirm_hold(uow, POLICY, held.id, ALICE, NOW)
        await cancel_by_client(uow, POLICY, held.id, ALICE, NOW)

    assert [type(event) for event in uow.events] == [SlotHeld, HoldConfirmed, CancelledByClient]


async def test_an_action_without_effect_has_no_event(database: Database) -> None:
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
    await hold(database, ALICE, dora, OPENING)
    async with database.transaction() as uow:
        await hold_slot(uow, POLICY, ALICE, SlotChoice(dora.id, OPENING), NOW)

    assert uow.events == []


async def test_a_refusal_removes_the_events_of_its_savepoint(database: Database) -> None:
    async with database.transaction() as uow:
        dora, emil = await open_clinic(uow)
    await hold(database, ALICE, dora, OPENING)
    after = NOW + POLICY.hold_duration + SECOND
    await hold(database, BOB, emil, OPENING, after)
    async with database.transaction() as uow:
        with pytest.raises(errors.ClientBusy):
            async with uow.savepoint():
                await hold_slot(uow, POLICY, BOB, SlotChoice(dora.id, OPENING), after)
        assert uow.events == []
        await hold_slot(uow, POLICY, ALICE, SlotChoice(dora.id, OPENING), after)

    assert [type(event) for event in uow.events] == [HoldExpired, SlotHeld]


async def test_the_backlog_is_the_number_of_due_rows_and_the_oldest_instant(
    database: Database,
) -> None:
    async with database.transaction() as uow:
        await open_clinic(uow)
        sent = await uow.outbox.reply(account_of(ALICE), ALICE, {}, NOW - timedelta(minutes=9))
        await uow.outbox.record_result(sent, "sent", NOW)
        await uow.outbox.reply(account_of(BOB), BOB, {}, NOW - timedelta(minutes=5))
        await uow.outbox.reply(account_of(ALICE), ALICE, {}, NOW)
        await uow.outbox.reply(account_of(CARA), CARA, {}, NOW + SECOND)
    async with database.snapshot() as uow:
        assert await uow.outbox.backlog(NOW) == Backlog(2, NOW - timedelta(minutes=5))


async def test_without_due_rows_the_backlog_is_empty(database: Database) -> None:
    async with database.snapshot() as uow:
        assert await uow.outbox.backlog(NOW) == Backlog(0, None)


async def test_a_function_can_read_through_an_open_database(database: Database) -> None:
    assert await database.read(is_current)
