"""Whoever commits a transaction knows what happened in it, and how much is still to be told."""

from datetime import timedelta

import pytest

from domain import errors
from domain.events import CancelledByClient, HoldConfirmed, HoldExpired, SlotHeld
from domain.operations.outbox import Backlog
from domain.usecases.end_reservation import cancel_by_client, confirm_hold
from domain.usecases.hold_slot import SlotChoice, hold_slot
from storage.database import Database
from storage.maintenance.migrate import is_current
from tests.kit.clinic import ALICE, BOB, CARA, NOW, OPENING, POLICY, SECOND, hold, open_clinic


async def test_a_transaction_remembers_in_order_what_was_announced_in_it(
    database: Database,
) -> None:
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
        held = await hold_slot(uow, POLICY, SlotChoice(ALICE, dora.id, OPENING), NOW)
        await confirm_hold(uow, POLICY, held.id, ALICE, NOW)
        await cancel_by_client(uow, POLICY, held.id, ALICE, NOW)

    assert [type(event) for event in uow.events] == [SlotHeld, HoldConfirmed, CancelledByClient]


async def test_what_changes_nothing_is_not_announced(database: Database) -> None:
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
    await hold(database, ALICE, dora, OPENING)
    async with database.transaction() as uow:
        await hold_slot(uow, POLICY, SlotChoice(ALICE, dora.id, OPENING), NOW)

    assert uow.events == []


async def test_what_a_refusal_undid_did_not_happen(database: Database) -> None:
    async with database.transaction() as uow:
        dora, emil = await open_clinic(uow)
    await hold(database, ALICE, dora, OPENING)
    after = NOW + POLICY.hold_duration + SECOND
    await hold(database, BOB, emil, OPENING, after)
    async with database.transaction() as uow:
        with pytest.raises(errors.ClientBusy):
            async with uow.savepoint():
                await hold_slot(uow, POLICY, SlotChoice(BOB, dora.id, OPENING), after)
        assert uow.events == []
        await hold_slot(uow, POLICY, SlotChoice(ALICE, dora.id, OPENING), after)

    assert [type(event) for event in uow.events] == [HoldExpired, SlotHeld]


async def test_the_backlog_is_what_is_due_and_since_when_its_oldest_row_is(
    database: Database,
) -> None:
    async with database.transaction() as uow:
        await open_clinic(uow)
        sent = await uow.outbox.reply(ALICE, {}, NOW - timedelta(minutes=9))
        await uow.outbox.record_result(sent, "sent", NOW)
        await uow.outbox.reply(BOB, {}, NOW - timedelta(minutes=5))
        await uow.outbox.reply(ALICE, {}, NOW)
        await uow.outbox.reply(CARA, {}, NOW + SECOND)
    async with database.snapshot() as uow:
        assert await uow.outbox.backlog(NOW) == Backlog(2, NOW - timedelta(minutes=5))


async def test_without_anything_due_the_backlog_is_empty(database: Database) -> None:
    async with database.snapshot() as uow:
        assert await uow.outbox.backlog(NOW) == Backlog(0, None)


async def test_a_database_that_is_open_answers_a_question_of_its_own(database: Database) -> None:
    assert await database.read(is_current)
