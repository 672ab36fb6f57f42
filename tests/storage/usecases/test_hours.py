"""Posting hours, undoing that, and removing hours without losing a reservation silently."""

from datetime import date, datetime, timedelta

import pytest

from domain import errors
from domain.posting import DayHours, Draft, DraftState
from domain.provider import Provider
from domain.reservation import Reservation, Status
from domain.timespan import TimeSpan, WallSpan
from domain.usecases.end_reservation import confirm_hold
from domain.usecases.post_availability import (
    Preview,
    change_draft,
    discard_draft,
    draft_hours,
    draft_of,
    preview_of,
    publish_draft,
)
from domain.usecases.remove_availability import (
    Inside,
    Removal,
    remove_availability,
    undo_publication,
)
from storage.database import Database
from tests.kit.cells import QUARTER, cell_of
from tests.kit.clinic import (
    ALICE,
    BERLIN,
    BOB,
    CARA,
    DORA,
    EMIL,
    HOURS,
    NOW,
    OPENING,
    POLICY,
    hold,
    open_clinic,
)
from tests.kit.raw_database import all_rows, rows

DAY = date(2026, 7, 1)
NINE_TO_TEN: DayHours = (DAY, (WallSpan(540, 600),))
NINE_TO_NOON: DayHours = (DAY, (WallSpan(540, 720),))
NINE = cell_of(datetime.fromisoformat("2026-07-01T07:00Z"))


@pytest.fixture
async def dora(database: Database) -> Provider:
    async with database.transaction() as uow:
        return (await open_clinic(uow))[0]


async def drafted(database: Database, *days: DayHours, client: int = DORA) -> Draft:
    async with database.transaction() as uow:
        dora = await uow.queries.provider_by_slug("dora")
        assert dora
        return await draft_hours(uow, client, dora.id, days, NOW)


async def publish(
    database: Database, draft: Draft, now: datetime = NOW, client: int = DORA
) -> Draft:
    async with database.transaction() as uow:
        return await publish_draft(uow, draft.id, client, BERLIN, now)


async def published(database: Database, *days: DayHours) -> Draft:
    return await publish(database, await drafted(database, *days))


async def discard(database: Database, draft: Draft) -> Draft:
    async with database.transaction() as uow:
        return await discard_draft(uow, draft.id, DORA)


async def undo(
    database: Database,
    draft: Draft,
    inside: Inside = Inside.ASK,
    client: int = DORA,
    now: datetime = NOW,
) -> Removal:
    async with database.transaction() as uow:
        return await undo_publication(uow, POLICY, draft.id, client, inside, now)


async def remove(
    database: Database,
    span: TimeSpan,
    inside: Inside = Inside.ASK,
    client: int = DORA,
    now: datetime = NOW,
) -> Removal:
    async with database.transaction() as uow:
        dora = await uow.queries.provider_by_slug("dora")
        assert dora
        return await remove_availability(uow, POLICY, client, dora.id, [span], inside, now)


async def preview(database: Database, draft: Draft) -> Preview:
    async with database.snapshot() as uow:
        return await preview_of(uow, POLICY, draft, BERLIN, NOW)


async def stored(database: Database, number: int) -> Reservation:
    async with database.snapshot() as uow:
        found = await uow.queries.reservation(number)
    assert found
    return found


def posted(database: Database, provider: Provider) -> list[TimeSpan]:
    return [
        TimeSpan(start, end)
        for start, end in rows(
            database.url,
            f"SELECT start_cell, end_cell FROM availability WHERE provider_id = {provider.id}"
            " ORDER BY end_cell",
        )
    ]


async def test_a_draft_is_stored_unchanged(database: Database, dora: Provider) -> None:
    draft = await drafted(database, (DAY + timedelta(days=1), ()), NINE_TO_TEN)

    async with database.transaction() as uow:
        assert await draft_of(uow, draft.id, DORA) == (draft, dora)
    assert draft.days == (NINE_TO_TEN, (DAY + timedelta(days=1), ()))
    assert posted(database, dora) == [HOURS]


async def test_a_draft_changes_until_it_is_published(database: Database, dora: Provider) -> None:
    draft = await drafted(database, (DAY, ()))
    async with database.transaction() as uow:
        changed = await change_draft(uow, DORA, draft.with_hours(WallSpan(540, 600)))
    async with database.transaction() as uow:
        assert (await draft_of(uow, draft.id, DORA))[0] == changed
    done = await publish(database, draft)

    async with database.transaction() as uow:
        with pytest.raises(errors.DraftDiscarded):
            await change_draft(uow, DORA, done)


async def test_a_preview_shows_the_time_the_slots_and_hours_already_posted(
    database: Database, dora: Provider
) -> None:
    await published(database, NINE_TO_TEN)
    draft = await drafted(database, NINE_TO_NOON)
    before = all_rows(database.url)

    shown = await preview(database, draft)

    assert shown.spans == (TimeSpan(NINE, NINE + 12 * QUARTER),)
    assert shown.posted == (TimeSpan(NINE, NINE + 4 * QUARTER),)
    assert shown.slots == 12
    assert all_rows(database.url) == before


async def test_publishing_posts_the_hours(database: Database, dora: Provider) -> None:
    done = await published(database, NINE_TO_TEN)

    assert done.state is DraftState.PUBLISHED
    assert done.added == (TimeSpan(NINE, NINE + 4 * QUARTER),)
    assert posted(database, dora) == [HOURS, TimeSpan(NINE, NINE + 4 * QUARTER)]


async def test_publishing_twice_or_the_same_hours_again_adds_nothing_twice(
    database: Database, dora: Provider
) -> None:
    draft = await published(database, NINE_TO_TEN)
    before = posted(database, dora)

    assert await publish(database, draft) == draft
    again = await published(database, NINE_TO_TEN)

    assert again.added == ()
    assert posted(database, dora) == before


@pytest.mark.parametrize(
    ("hours", "added"),
    [
        (WallSpan(600, 660), [(4, 8)]),
        (WallSpan(480, 540), [(-4, 0)]),
        (WallSpan(480, 660), [(-4, 0), (4, 8)]),
        (WallSpan(570, 615), [(4, 5)]),
        (WallSpan(555, 570), []),
    ],
)
async def test_hours_that_touch_or_overlap_become_one(
    database: Database, dora: Provider, hours: WallSpan, added: list[tuple[int, int]]
) -> None:
    await published(database, NINE_TO_TEN)

    done = await published(database, (DAY, (hours,)))

    assert done.added == tuple(
        TimeSpan(NINE + start * QUARTER, NINE + end * QUARTER) for start, end in added
    )
    cells = {
        *range(NINE, NINE + 4 * QUARTER),
        *(cell for span in done.added for cell in span.cells),
    }
    assert posted(database, dora) == [HOURS, TimeSpan(min(cells), max(cells) + 1)]


async def test_the_hours_of_two_providers_are_independent(
    database: Database, dora: Provider
) -> None:
    await published(database, NINE_TO_TEN)

    async with database.snapshot() as uow:
        emil = await uow.queries.provider_by_slug("emil")
    assert emil
    assert posted(database, emil) == [HOURS]


async def test_a_discarded_draft_is_never_published(database: Database, dora: Provider) -> None:
    draft = await drafted(database, NINE_TO_TEN)
    gone = await discard(database, draft)
    before = all_rows(database.url)

    assert gone.state is DraftState.DISCARDED
    assert await discard(database, draft) == gone
    with pytest.raises(errors.DraftDiscarded):
        await publish(database, draft)
    with pytest.raises(errors.DraftDiscarded):
        await undo(database, draft)
    assert all_rows(database.url) == before


async def test_discarding_a_published_draft_changes_nothing(
    database: Database, dora: Provider
) -> None:
    done = await published(database, NINE_TO_TEN)

    assert await discard(database, done) == done
    assert TimeSpan(NINE, NINE + 4 * QUARTER) in posted(database, dora)


async def test_a_draft_belongs_to_its_provider(database: Database, dora: Provider) -> None:
    draft = await drafted(database, NINE_TO_TEN)

    with pytest.raises(errors.DraftUnknown):
        await publish(database, draft, client=EMIL)
    with pytest.raises(errors.DraftUnknown):
        await undo(database, draft, client=EMIL)
    with pytest.raises(errors.ProviderOnly):
        await publish(database, draft, client=ALICE)
    with pytest.raises(errors.ProviderOnly):
        await drafted(database, NINE_TO_TEN, client=ALICE)
    with pytest.raises(errors.ProviderUnknown):
        await drafted(database, NINE_TO_TEN, client=EMIL)
    with pytest.raises(errors.ProviderOnly):
        await remove(database, HOURS, client=ALICE)
    with pytest.raises(errors.ProviderUnknown):
        await remove(database, HOURS, client=EMIL)


async def test_a_draft_with_past_hours_is_refused_and_stays_open(
    database: Database, dora: Provider
) -> None:
    draft = await drafted(database, NINE_TO_TEN)

    with pytest.raises(errors.TimeInPast):
        await publish(database, draft, NOW + timedelta(days=60))
    assert (await publish(database, draft)).state is DraftState.PUBLISHED


async def test_undoing_restores_the_previous_hours(database: Database, dora: Provider) -> None:
    await published(database, NINE_TO_TEN)
    before = posted(database, dora)
    done = await published(database, (DAY, (WallSpan(480, 660),)))

    assert await undo(database, done) == Removal(done=True)
    assert posted(database, dora) == before
    after = all_rows(database.url)
    assert await undo(database, done) == Removal(done=True)
    assert all_rows(database.url) == after
    with pytest.raises(errors.DraftDiscarded):
        await publish(database, done)


@pytest.mark.parametrize(
    ("removed", "left"),
    [
        ((0, 32), []),
        ((-5, 40), []),
        ((0, 4), [(4, 32)]),
        ((8, 12), [(0, 8), (12, 32)]),
        ((28, 99), [(0, 28)]),
        ((32, 40), [(0, 32)]),
    ],
)
async def test_removing_keeps_the_other_hours(
    database: Database, dora: Provider, removed: tuple[int, int], left: list[tuple[int, int]]
) -> None:
    span = TimeSpan(OPENING + removed[0] * QUARTER, OPENING + removed[1] * QUARTER)

    assert await remove(database, span) == Removal(done=True)
    assert posted(database, dora) == [
        TimeSpan(OPENING + start * QUARTER, OPENING + end * QUARTER) for start, end in left
    ]
    after = all_rows(database.url)
    assert await remove(database, span) == Removal(done=True)
    assert all_rows(database.url) == after


async def booked(database: Database, dora: Provider) -> list[Reservation]:
    """Two reservations within the second hour, a hold and a booking, and one before it."""
    booking = await hold(database, ALICE, dora, OPENING + 5 * QUARTER)
    async with database.transaction() as uow:
        booking = await confirm_hold(uow, POLICY, booking.id, ALICE, NOW)
    held = await hold(database, BOB, dora, OPENING + 4 * QUARTER)
    await hold(database, CARA, dora, OPENING + 3 * QUARTER)
    return [held, booking]


SECOND_HOUR = TimeSpan(OPENING + 4 * QUARTER, OPENING + 8 * QUARTER)


async def test_with_reservations_inside_asking_changes_nothing_and_lists_them(
    database: Database, dora: Provider
) -> None:
    inside = await booked(database, dora)
    before = all_rows(database.url)

    assert await remove(database, SECOND_HOUR) == Removal(done=False, inside=tuple(inside))
    assert all_rows(database.url) == before


async def test_kept_reservations_stay_after_their_hours_are_removed(
    database: Database, dora: Provider
) -> None:
    inside = await booked(database, dora)
    reservations = all_rows(database.url)["reservation"]

    assert await remove(database, SECOND_HOUR, Inside.KEEP) == Removal(
        done=True, inside=tuple(inside)
    )
    assert posted(database, dora) == [
        TimeSpan(OPENING, OPENING + 4 * QUARTER),
        TimeSpan(OPENING + 8 * QUARTER, HOURS.end),
    ]
    assert all_rows(database.url)["reservation"] == reservations


async def test_clients_are_notified_of_cancelled_reservations(
    database: Database, dora: Provider
) -> None:
    inside = await booked(database, dora)

    assert await remove(database, SECOND_HOUR, Inside.CANCEL) == Removal(
        done=True, inside=tuple(inside)
    )
    assert [(await stored(database, r.id)).status for r in inside] == [
        Status.CANCELLED,
        Status.CANCELLED,
    ]
    notified = rows(
        database.url,
        "SELECT recipient_id FROM outbox WHERE kind = 'cancelled_by_provider'"
        " ORDER BY recipient_id",
    )
    assert notified == [(ALICE,), (BOB,)]
    assert rows(database.url, "SELECT count(*) FROM reservation WHERE status = 'held'") == [(1,)]
    assert await remove(database, SECOND_HOUR, Inside.CANCEL) == Removal(done=True)


async def test_overdue_holds_and_begun_reservations_are_not_asked_about(
    database: Database, dora: Provider
) -> None:
    await booked(database, dora)

    # The hold is overdue exactly at its end; the booking has begun exactly at its start.
    assert (
        len(
            (
                await remove(
                    database, SECOND_HOUR, now=NOW + POLICY.hold_duration - timedelta.resolution
                )
            ).inside
        )
        == 2
    )
    assert len((await remove(database, SECOND_HOUR, now=NOW + POLICY.hold_duration)).inside) == 1
    begun = TimeSpan(OPENING + 5 * QUARTER, OPENING + 6 * QUARTER).starts_at
    assert len((await remove(database, SECOND_HOUR, now=begun - timedelta.resolution)).inside) == 1
    assert await remove(database, SECOND_HOUR, now=begun) == Removal(done=True)


async def test_a_reservation_partly_inside_is_asked_about_once(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING + 4 * QUARTER)

    async with database.transaction() as uow:
        spans = [
            TimeSpan(OPENING, OPENING + 5 * QUARTER),
            TimeSpan(OPENING + 4 * QUARTER, OPENING + 6 * QUARTER),
        ]
        removal = await remove_availability(uow, POLICY, DORA, dora.id, spans, Inside.ASK, NOW)
    assert removal == Removal(done=False, inside=(held,))


async def test_undoing_with_reservations_inside_asks_and_stays_published(
    database: Database, dora: Provider
) -> None:
    done = await published(database, NINE_TO_TEN)
    held = await hold(database, ALICE, dora, NINE)

    assert await undo(database, done) == Removal(done=False, inside=(held,))
    assert await undo(database, done) == Removal(done=False, inside=(held,))
    assert await undo(database, done, Inside.KEEP) == Removal(done=True, inside=(held,))
    assert posted(database, dora) == [HOURS]
    assert (await stored(database, held.id)).status is Status.HELD


async def test_undoing_may_cancel_what_is_inside(database: Database, dora: Provider) -> None:
    done = await published(database, NINE_TO_TEN)
    held = await hold(database, ALICE, dora, NINE)

    assert await undo(database, done, Inside.CANCEL) == Removal(done=True, inside=(held,))
    assert (await stored(database, held.id)).status is Status.CANCELLED
