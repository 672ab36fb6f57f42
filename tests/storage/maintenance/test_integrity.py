"""The integrity check finds each kind of inconsistency, and nothing in a consistent database."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.operations.integrity import Checkup, Parked, SetAside
from domain.policy import BookingPolicy
from domain.usecases.end_reservation import confirm_hold
from domain.usecases.expire_holds import expire_holds
from storage.database import Database
from storage.maintenance.integrity import GRACE, open_integrity_check
from tests.kit.clinic import ALICE, BOB, NOW, OPENING, SECOND, hold, open_clinic
from tests.kit.raw_database import all_rows, literal, run_sql

LATER = NOW + timedelta(hours=1)


async def run_check(database: Database, at: timedelta = timedelta()) -> Checkup:
    async with open_integrity_check(database.url) as check:
        return await check.run(NOW + at)


async def tamper(database: Database, *statements: str) -> None:
    async with database.transaction() as uow:
        for statement in statements:
            await uow.connection.execute(text(statement))


@pytest.fixture
async def holds(database: Database) -> tuple[int, int]:
    """Two holds of two people with two providers at the same time."""
    async with database.transaction() as uow:
        dora, emil = await open_clinic(uow)
    return (await hold(database, ALICE, dora, OPENING)).id, (
        await hold(database, BOB, emil, OPENING)
    ).id


async def test_a_consistent_database_has_no_findings_and_is_not_changed(
    database: Database, holds: tuple[int, int]
) -> None:
    async with database.transaction() as uow:
        await confirm_hold(uow, BookingPolicy(), holds[0], ALICE, NOW)
    before = all_rows(database.url)

    assert await run_check(database) == Checkup(oldest_due=timedelta())
    assert all_rows(database.url) == before


@pytest.mark.parametrize(
    ("column", "found"),
    [("provider_id", "overlaps_of_providers"), ("client_id", "overlaps_of_clients")],
)
async def test_overlapping_live_reservations_are_found(
    database: Database, holds: tuple[int, int], column: str, found: str
) -> None:
    first, second = holds
    await tamper(
        database,
        f"UPDATE reservation SET {column} = (SELECT {column} FROM reservation WHERE id = {first})"
        f" WHERE id = {second}",
    )
    assert getattr(await run_check(database), found) == (second,)

    await tamper(
        database,
        "UPDATE reservation SET start_cell = end_cell, end_cell = end_cell + 3"
        f" WHERE id = {second}",
    )
    assert getattr(await run_check(database), found) == ()


async def test_an_overdue_hold_is_found_after_the_grace_period(
    database: Database, holds: tuple[int, int]
) -> None:
    over = BookingPolicy().hold_duration + GRACE

    assert (await run_check(database, over - SECOND)).unswept == ()
    assert (await run_check(database, over)).unswept == holds
    async with database.transaction() as uow:
        await expire_holds(uow, BookingPolicy(), LATER)
    assert (await run_check(database, over)).unswept == ()


@pytest.mark.parametrize("status", ["cancelled", "expired", "completed"])
async def test_cells_of_an_ended_reservation_are_found(
    database: Database, holds: tuple[int, int], status: str
) -> None:
    await tamper(database, f"UPDATE reservation SET status = '{status}' WHERE id = {holds[0]}")

    assert (await run_check(database)).stray == (holds[0],)


async def test_cells_without_a_reservation_are_found(
    database: Database, holds: tuple[int, int]
) -> None:
    run_sql(
        database.url, f"UPDATE busy SET reservation_id = 4711 WHERE reservation_id = {holds[0]}"
    )

    assert (await run_check(database)).stray == (4711,)


async def test_parked_rows_are_reported_with_age_and_error(
    database: Database, holds: tuple[int, int]
) -> None:
    then = literal(database.url, NOW)
    await tamper(
        database,
        f"UPDATE outbox SET state = 'parked', settled_at = {then}, error = 'no'"
        f" WHERE subject_id = {holds[0]}",
    )

    assert (await run_check(database, timedelta(hours=1))).parked == (
        Parked("hold_warning", timedelta(hours=1), "no"),
    )


async def test_the_age_of_the_oldest_due_message_is_reported(
    database: Database, holds: tuple[int, int]
) -> None:
    assert (await run_check(database)).oldest_due is None

    assert (await run_check(database, timedelta(minutes=35))).oldest_due == timedelta(minutes=10)


async def test_updates_set_aside_are_counted_with_the_last_error(database: Database) -> None:
    async with database.transaction() as uow:
        for number in range(3):
            await uow.updates.failed(
                number, f"error {number}", NOW + number * SECOND, limit=3 if number == 2 else 1
            )

    assert (await run_check(database)).set_aside == SetAside(2, "error 1")


async def test_unreachable_people_are_counted(database: Database, holds: tuple[int, int]) -> None:
    async with database.transaction() as uow:
        await uow.people.mark_unreachable(ALICE, NOW)

    assert (await run_check(database)).unreachable == 1


@pytest.mark.changes_schema
async def test_a_schema_of_another_version_is_detected(database: Database) -> None:
    async with open_integrity_check(database.url) as check:
        assert await check.is_current()
    await tamper(database, "UPDATE alembic_version SET version_num = '0000'")
    async with open_integrity_check(database.url) as check:
        assert not await check.is_current()
