"""Each thing that should not be in the books is found there, and nothing is found in books that are in order."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.operations.integrity import Checkup, Parked, SetAside
from domain.policy import BookingPolicy
from domain.usecases.end_reservation import confirm_hold
from domain.usecases.expire_holds import expire_holds
from storage.database import Database
from storage.maintenance.integrity import GRACE, examined
from tests.kit.clinic import ALICE, BOB, NOW, OPENING, SECOND, hold, open_clinic
from tests.kit.raw_database import changes, everything, literal

LATER = NOW + timedelta(hours=1)


async def look(database: Database, at: timedelta = timedelta()) -> Checkup:
    async with examined(database.url) as books:
        return await books.checkup(NOW + at)


async def tampers(database: Database, *statements: str) -> None:
    async with database.transaction() as work:
        for statement in statements:
            await work._connection.execute(text(statement))


@pytest.fixture
async def holds(database: Database) -> tuple[int, int]:
    """Two holds of two people with two providers, side by side in time."""
    async with database.transaction() as work:
        dora, emil = await open_clinic(work)
    return (await hold(database, ALICE, dora, OPENING)).id, (
        await hold(database, BOB, emil, OPENING)
    ).id


async def test_books_in_order_have_nothing_to_tell_and_are_left_as_they_are(
    database: Database, holds: tuple[int, int]
) -> None:
    async with database.transaction() as work:
        await confirm_hold(work, BookingPolicy(), holds[0], ALICE, NOW)
    before = everything(database.url)

    assert await look(database) == Checkup(oldest_due=timedelta())
    assert everything(database.url) == before


@pytest.mark.parametrize(
    ("column", "found"),
    [("provider_id", "overlaps_of_providers"), ("client_id", "overlaps_of_clients")],
)
async def test_live_reservations_in_the_same_time_are_found(
    database: Database, holds: tuple[int, int], column: str, found: str
) -> None:
    first, second = holds
    await tampers(
        database,
        f"UPDATE reservation SET {column} = (SELECT {column} FROM reservation WHERE id = {first}) WHERE id = {second}",
    )
    assert getattr(await look(database), found) == (second,)

    await tampers(
        database,
        f"UPDATE reservation SET start_cell = end_cell, end_cell = end_cell + 1 WHERE id = {second}",
    )
    assert getattr(await look(database), found) == ()


async def test_a_hold_that_nobody_swept_is_found_after_a_while(
    database: Database, holds: tuple[int, int]
) -> None:
    over = BookingPolicy().hold_duration + GRACE

    assert (await look(database, over - SECOND)).unswept == ()
    assert (await look(database, over)).unswept == holds
    async with database.transaction() as work:
        await expire_holds(work, BookingPolicy(), LATER)
    assert (await look(database, over)).unswept == ()


@pytest.mark.parametrize("status", ["cancelled", "expired", "completed"])
async def test_cells_of_a_reservation_that_is_over_are_found(
    database: Database, holds: tuple[int, int], status: str
) -> None:
    await tampers(database, f"UPDATE reservation SET status = '{status}' WHERE id = {holds[0]}")

    assert (await look(database)).stray == (holds[0],)


async def test_cells_of_no_reservation_at_all_are_found(
    database: Database, holds: tuple[int, int]
) -> None:
    changes(
        database.url, f"UPDATE busy SET reservation_id = 4711 WHERE reservation_id = {holds[0]}"
    )

    assert (await look(database)).stray == (4711,)


async def test_what_was_parked_is_found_with_its_age_and_error(
    database: Database, holds: tuple[int, int]
) -> None:
    then = literal(database.url, NOW)
    await tampers(
        database,
        f"UPDATE outbox SET state = 'parked', settled_at = {then}, error = 'no' WHERE reservation_id = {holds[0]}",
    )

    assert (await look(database, timedelta(hours=1))).parked == (
        Parked("hold_warning", timedelta(hours=1), "no"),
    )


async def test_the_age_of_the_oldest_message_that_is_due_is_told(
    database: Database, holds: tuple[int, int]
) -> None:
    assert (await look(database)).oldest_due is None

    assert (await look(database, timedelta(minutes=35))).oldest_due == timedelta(minutes=10)


async def test_updates_that_were_set_aside_are_counted_and_the_last_error_told(
    database: Database,
) -> None:
    async with database.transaction() as work:
        for number in range(3):
            await work.updates.failed(
                number, f"error {number}", NOW + number * SECOND, limit=3 if number == 2 else 1
            )

    assert (await look(database)).set_aside == SetAside(2, "error 1")


async def test_people_who_cannot_be_reached_are_counted(
    database: Database, holds: tuple[int, int]
) -> None:
    async with database.transaction() as work:
        await work.clients.mark_unreachable(ALICE, NOW)

    assert (await look(database)).unreachable == 1


@pytest.mark.changes_schema
async def test_a_schema_of_another_version_is_seen(database: Database) -> None:
    async with examined(database.url) as books:
        assert await books.is_current()
    await tampers(database, "UPDATE alembic_version SET version_num = '0000'")
    async with examined(database.url) as books:
        assert not await books.is_current()
