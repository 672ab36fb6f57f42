"""Holding, moving, confirming, releasing and expiring in real transactions."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from domain import errors
from domain.choice import SlotChoice
from domain.operations.card import Card
from domain.policy import BookingPolicy
from domain.provider import Provider
from domain.reservation import Party, Reservation, Status
from domain.timespan import TimeSpan
from domain.usecases.end_reservation import cancel_by_client, cancel_by_provider, confirm_hold
from domain.usecases.expire_holds import expire_holds
from domain.usecases.find_slots import SlotSearch, days_with_slots, slots_of_day, soonest_slots
from domain.usecases.hold_slot import hold_slot
from storage.database import Database
from tests.kit.cells import DAY, QUARTER
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
    SECOND,
    account_of,
    hold,
    open_clinic,
    refusal_of,
)
from tests.kit.raw_database import all_rows, micros, rows

END = NOW + POLICY.hold_duration
JUST_BEFORE = END - timedelta.resolution
Ending = Callable[[Database, int, int, datetime], Awaitable[Reservation]]


@pytest.fixture
async def dora(database: Database) -> Provider:
    async with database.transaction() as uow:
        return (await open_clinic(uow))[0]


@pytest.fixture
async def emil(database: Database, dora: Provider) -> Provider:
    async with database.snapshot() as uow:
        found = await uow.queries.provider_by_slug("emil")
    assert found
    assert found != dora
    return found


async def confirm(database: Database, number: int, client: int, now: datetime) -> Reservation:
    async with database.transaction() as uow:
        return await confirm_hold(uow, POLICY, number, client, now)


async def release(database: Database, number: int, client: int, now: datetime) -> Reservation:
    async with database.transaction() as uow:
        return await cancel_by_client(uow, POLICY, number, client, now)


async def call_off(database: Database, number: int, client: int, now: datetime) -> Reservation:
    async with database.transaction() as uow:
        return await cancel_by_provider(uow, POLICY, number, client, now, reason="Flu")


async def sweep(database: Database, now: datetime, limit: int = 500) -> int:
    async with database.transaction() as uow:
        return await expire_holds(uow, POLICY, now, limit=limit)


async def stored(database: Database, number: int) -> Reservation:
    async with database.snapshot() as uow:
        found = await uow.queries.reservation(number)
    assert found
    return found


async def free_starts(
    database: Database, client: int, provider: Provider, now: datetime, moving: int | None = None
) -> list[int]:
    async with database.snapshot() as uow:
        search = SlotSearch(SlotChoice(provider.id, moving=moving), client, POLICY, now)
        return [slot.start for slot in await search.between(uow, HOURS.start, HOURS.end)]


def outbox(url: str) -> list[tuple[int, str, int, int]]:
    return rows(url, "SELECT recipient_id, kind, subject_id, due_at FROM outbox ORDER BY id")


def taken(url: str) -> list[tuple[int, int, int]]:
    return rows(url, "SELECT kind, subject, cell FROM busy ORDER BY kind, subject, cell")


def slot_of(kind: int, subject: int, start: int) -> list[tuple[int, int, int]]:
    """Return the busy cells of a slot."""
    return [(kind, subject, start + n) for n in range(QUARTER)]


async def test_a_hold_takes_cells_of_provider_and_client_and_schedules_a_warning(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)

    assert held == await stored(database, held.id)
    assert (held.status, held.held_at, held.expires_at) == (Status.HELD, NOW, END)
    assert taken(database.url) == [
        *slot_of(0, dora.id, OPENING),
        *slot_of(1, ALICE, OPENING),
    ]
    assert outbox(database.url) == [
        (ALICE, "hold_warning", held.id, micros(END - timedelta(minutes=5)))
    ]


async def test_holding_the_same_slot_again_returns_the_same_hold(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    before = all_rows(database.url)

    assert await hold(database, ALICE, dora, OPENING, NOW + timedelta(minutes=10)) == held
    assert await hold(database, ALICE, dora, OPENING, JUST_BEFORE, moving=held.id) == held
    assert all_rows(database.url) == before


async def test_the_own_booking_is_returned_inside_the_notice_period(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    booked = await confirm(database, held.id, ALICE, NOW)

    assert await hold(database, ALICE, dora, OPENING, booked.span.starts_at - SECOND) == booked


@pytest.mark.parametrize(
    ("now", "refusal"),
    [
        (HOURS.starts_at - timedelta(hours=24), None),
        (HOURS.starts_at - timedelta(hours=24) - SECOND, None),
        (HOURS.starts_at - timedelta(hours=24) + SECOND, errors.NoticeTooShort),
        (HOURS.starts_at - timedelta(days=60), None),
        (HOURS.starts_at - timedelta(days=60) - SECOND, errors.BeyondHorizon),
    ],
    ids=str,
)
async def test_slot_lists_and_holds_agree_on_notice_period_and_horizon(
    database: Database, dora: Provider, now: datetime, refusal: type[errors.Refusal] | None
) -> None:
    assert (OPENING in await free_starts(database, ALICE, dora, now)) is (refusal is None)
    assert await refusal_of(database, ALICE, dora, OPENING, now) is refusal


@pytest.mark.parametrize("start", [OPENING - QUARTER, HOURS.end])
async def test_a_slot_outside_the_hours_is_refused(
    database: Database, dora: Provider, start: int
) -> None:
    assert await refusal_of(database, ALICE, dora, start) is errors.SlotNotOffered


async def test_a_slot_must_start_where_slots_start(database: Database, dora: Provider) -> None:
    halves = BookingPolicy(slot_length=timedelta(minutes=30))

    async with database.transaction() as uow:
        with pytest.raises(errors.SlotNotOffered):
            await hold_slot(uow, halves, ALICE, SlotChoice(dora.id, OPENING + QUARTER), NOW)
        assert (
            await hold_slot(uow, halves, ALICE, SlotChoice(dora.id, OPENING + 2 * QUARTER), NOW)
        ).span == TimeSpan(OPENING + 2 * QUARTER, OPENING + 4 * QUARTER)


async def test_a_provider_cannot_hold_their_own_slots(database: Database, dora: Provider) -> None:
    assert await refusal_of(database, DORA, dora, OPENING) is errors.OwnSlot
    assert await refusal_of(database, EMIL, dora, OPENING) is None


async def test_an_unknown_provider_is_refused(database: Database, dora: Provider) -> None:
    unknown = Provider(dora.id + 100, "Unknown", "unknown")

    assert await refusal_of(database, ALICE, unknown, OPENING) is errors.ProviderUnknown


async def test_without_a_chosen_provider_nothing_is_free_and_nothing_is_held(
    database: Database, dora: Provider
) -> None:
    async with database.transaction() as uow:
        search = SlotSearch(SlotChoice(), ALICE, POLICY, NOW)
        assert await search.between(uow, HOURS.start, HOURS.end) == ()
        with pytest.raises(errors.ProviderUnknown):
            await hold_slot(uow, POLICY, ALICE, SlotChoice(start=OPENING), NOW)


async def test_a_client_cannot_hold_two_slots_at_the_same_time(
    database: Database, dora: Provider, emil: Provider
) -> None:
    await hold(database, ALICE, dora, OPENING)

    assert await refusal_of(database, ALICE, emil, OPENING) is errors.ClientBusy
    assert await refusal_of(database, ALICE, emil, OPENING + QUARTER) is None


async def test_a_hold_over_the_clients_limit_is_refused(database: Database, dora: Provider) -> None:
    held = [await hold(database, ALICE, dora, OPENING + n * QUARTER) for n in range(3)]

    assert await refusal_of(database, ALICE, dora, OPENING + 3 * QUARTER) is errors.TooManyHolds
    await confirm(database, held[0].id, ALICE, NOW)
    assert await refusal_of(database, ALICE, dora, OPENING + 3 * QUARTER) is None
    assert (
        await refusal_of(database, ALICE, dora, OPENING + 4 * QUARTER, JUST_BEFORE)
        is errors.TooManyHolds
    )
    assert await refusal_of(database, ALICE, dora, OPENING + 4 * QUARTER, END) is None


async def test_a_held_slot_is_taken_until_the_exact_end_of_the_hold(
    database: Database, dora: Provider
) -> None:
    await hold(database, ALICE, dora, OPENING)

    for now in (NOW, END - SECOND, JUST_BEFORE):
        assert await refusal_of(database, BOB, dora, OPENING, now) is errors.SlotTaken
        assert OPENING not in await free_starts(database, BOB, dora, now)
    assert OPENING in await free_starts(database, BOB, dora, END)
    assert await refusal_of(database, BOB, dora, OPENING, END) is None


async def test_an_overdue_hold_is_in_no_list_before_it_is_swept(
    database: Database, dora: Provider
) -> None:
    await hold(database, ALICE, dora, OPENING)
    day = TimeSpan(OPENING - 10 * QUARTER, OPENING + 50 * QUARTER)

    async def seen(now: datetime) -> tuple[int, int, int, int, int]:
        async with database.snapshot() as uow:
            found = uow.queries
            return (
                len(await found.bookings(ALICE, now)),
                len(await found.agenda(dora.id, day, now)),
                len(await found.taken_cells(dora.id, BOB, day, now)),
                len(await found.client_cells(ALICE, day, now)),
                await found.hold_count(ALICE, now),
            )

    assert await seen(JUST_BEFORE) == (1, 1, QUARTER, QUARTER, 1)
    assert await seen(END) == (0, 0, 0, 0, 0)


async def test_holding_the_slot_of_an_overdue_hold_expires_that_hold(
    database: Database, dora: Provider
) -> None:
    dead = await hold(database, ALICE, dora, OPENING)
    other = await hold(database, CARA, dora, OPENING + QUARTER)

    held = await hold(database, BOB, dora, OPENING, END)

    assert (await stored(database, dead.id)).status is Status.EXPIRED
    assert (await stored(database, other.id)).status is Status.HELD
    assert (ALICE, "hold_expired", dead.id, micros(END)) in outbox(database.url)
    assert taken(database.url) == [
        *slot_of(0, dora.id, OPENING),
        *slot_of(0, dora.id, OPENING + QUARTER),
        *slot_of(1, BOB, OPENING),
        *slot_of(1, CARA, OPENING + QUARTER),
    ]
    assert await sweep(database, END) == 1
    assert [row[2] for row in outbox(database.url) if row[1] == "hold_expired"] == [
        dead.id,
        other.id,
    ]
    assert (await stored(database, held.id)).alive(END)


async def test_the_own_overdue_hold_elsewhere_does_not_block_a_new_one(
    database: Database, dora: Provider, emil: Provider
) -> None:
    dead = await hold(database, ALICE, emil, OPENING)

    assert await refusal_of(database, ALICE, dora, OPENING, END) is None
    assert (await stored(database, dead.id)).status is Status.EXPIRED


async def test_a_refused_hold_changes_nothing_in_the_transaction(
    database: Database, dora: Provider
) -> None:
    halves = BookingPolicy(slot_length=timedelta(minutes=30))
    await hold(database, ALICE, dora, OPENING + QUARTER)
    before = all_rows(database.url)

    async with database.transaction() as uow:
        with pytest.raises(errors.SlotTaken):
            async with uow.savepoint():
                await hold_slot(uow, halves, BOB, SlotChoice(dora.id, OPENING), NOW)
        await uow.people.choose_zone(BOB, "Europe/Berlin")

    after = all_rows(database.url)
    assert {name for name in before if before[name] != after[name]} == {"person"}
    assert rows(database.url, f"SELECT time_zone FROM person WHERE id = {BOB}") == [
        ("Europe/Berlin",)
    ]


async def test_a_failing_transaction_is_rolled_back(database: Database, dora: Provider) -> None:
    before = all_rows(database.url)

    async def held_and_failed() -> None:
        async with database.transaction() as uow:
            await hold_slot(uow, POLICY, ALICE, SlotChoice(dora.id, OPENING), NOW)
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await held_and_failed()

    assert all_rows(database.url) == before


async def test_moving_a_hold_frees_the_old_time_and_restarts_its_duration(
    database: Database, dora: Provider, emil: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    later = NOW + timedelta(minutes=20)

    moved = await hold(database, ALICE, emil, OPENING + 5 * QUARTER, later, moving=held.id)

    assert moved == await stored(database, held.id)
    assert (moved.id, moved.provider_id, moved.span.start) == (
        held.id,
        emil.id,
        OPENING + 5 * QUARTER,
    )
    assert (moved.held_at, moved.expires_at) == (later, later + timedelta(minutes=30))
    assert taken(database.url) == [
        *slot_of(0, emil.id, OPENING + 5 * QUARTER),
        *slot_of(1, ALICE, OPENING + 5 * QUARTER),
    ]
    # The warning of the earlier time does not hold any more; see ``still_holds``.
    assert outbox(database.url) == [
        (ALICE, "hold_warning", held.id, micros(END - timedelta(minutes=5))),
        (ALICE, "hold_warning", held.id, micros(later + timedelta(minutes=25))),
    ]
    assert rows(database.url, "SELECT revision FROM outbox ORDER BY id") == [(1,), (2,)]
    assert moved.revision == 2


async def test_moving_repeatedly_cannot_extend_a_hold_forever(
    database: Database, dora: Provider
) -> None:
    held = moved = await hold(database, ALICE, dora, OPENING)
    for number in range(1, 6):
        moved = await hold(
            database,
            ALICE,
            dora,
            OPENING + number * QUARTER,
            NOW + timedelta(minutes=10 * number),
            moving=held.id,
        )

    assert moved.expires_at == NOW + timedelta(minutes=60)
    assert moved.first_held_at == NOW


async def test_a_hold_may_move_to_the_same_time_with_another_provider(
    database: Database, dora: Provider, emil: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)

    assert (await hold(database, ALICE, emil, OPENING, moving=held.id)).id == held.id


async def test_moving_does_not_count_as_a_second_hold(database: Database, dora: Provider) -> None:
    held = [await hold(database, ALICE, dora, OPENING + n * QUARTER) for n in range(3)]

    assert (await hold(database, ALICE, dora, OPENING + 7 * QUARTER, moving=held[1].id)).id == held[
        1
    ].id


async def test_a_hold_keeps_its_time_if_the_new_time_is_taken(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    await hold(database, BOB, dora, OPENING + QUARTER)
    before = all_rows(database.url)

    with pytest.raises(errors.SlotTaken):
        await hold(database, ALICE, dora, OPENING + QUARTER, moving=held.id)

    assert all_rows(database.url) == before


async def test_only_a_live_hold_of_the_client_can_be_moved(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)

    with pytest.raises(errors.ReservationUnknown):
        await hold(database, BOB, dora, OPENING + QUARTER, moving=held.id)
    await confirm(database, held.id, ALICE, NOW)
    with pytest.raises(errors.AlreadyConfirmed):
        await hold(database, ALICE, dora, OPENING + QUARTER, moving=held.id)


@pytest.mark.parametrize("gone", ["expired", "released"])
async def test_moving_a_missing_hold_creates_a_new_one(
    database: Database, dora: Provider, gone: str
) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    if gone == "released":
        await release(database, held.id, ALICE, NOW)

    fresh = await hold(database, ALICE, dora, OPENING + QUARTER, END, moving=held.id)

    assert fresh.id != held.id
    assert fresh.span.start == OPENING + QUARTER


async def test_the_time_of_the_hold_being_moved_is_shown_as_free(
    database: Database, dora: Provider, emil: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)

    assert OPENING not in await free_starts(database, ALICE, dora, NOW)
    assert OPENING in await free_starts(database, ALICE, dora, NOW, moving=held.id)
    assert OPENING in await free_starts(database, ALICE, emil, NOW, moving=held.id)
    assert OPENING not in await free_starts(database, ALICE, emil, NOW)
    assert OPENING not in await free_starts(database, BOB, dora, NOW, moving=held.id)


async def test_confirming_keeps_the_cells_and_notifies_the_provider(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)

    booked = await confirm(database, held.id, ALICE, JUST_BEFORE)

    assert booked == await stored(database, held.id)
    assert booked.status is Status.CONFIRMED
    assert (DORA, "booking_confirmed", held.id, micros(JUST_BEFORE)) in outbox(database.url)
    assert await sweep(database, END) == 0
    assert await refusal_of(database, BOB, dora, OPENING, END) is errors.SlotTaken


async def test_a_hold_cannot_be_confirmed_at_the_instant_of_its_end(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    before = all_rows(database.url)

    with pytest.raises(errors.HoldExpired):
        await confirm(database, held.id, ALICE, END)

    assert all_rows(database.url) == before


@pytest.mark.parametrize(
    ("ending", "actor"), [(confirm, ALICE), (release, ALICE), (call_off, DORA)]
)
async def test_repeating_an_action_returns_the_same_and_changes_nothing(
    database: Database, dora: Provider, ending: Ending, actor: int
) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    first = await ending(database, held.id, actor, NOW)
    before = all_rows(database.url)

    assert await ending(database, held.id, actor, NOW + timedelta(minutes=5)) == first
    assert all_rows(database.url) == before


@pytest.mark.parametrize(
    ("ending", "stranger"),
    [(confirm, BOB), (release, BOB), (call_off, EMIL), (call_off, ALICE), (confirm, DORA)],
)
async def test_a_reservation_of_another_person_is_unknown(
    database: Database, dora: Provider, ending: Ending, stranger: int
) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    before = all_rows(database.url)

    for number in (held.id, held.id + 1):
        with pytest.raises(errors.ReservationUnknown):
            await ending(database, number, stranger, NOW)
    assert all_rows(database.url) == before


async def test_releasing_frees_the_cells_without_notifying_the_provider(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)

    released = await release(database, held.id, ALICE, NOW)

    assert released == await stored(database, held.id)
    assert (released.status, released.ended_by) == (Status.CANCELLED, Party.CLIENT)
    assert taken(database.url) == []
    assert {row[0] for row in outbox(database.url)} == {ALICE}
    assert await refusal_of(database, BOB, dora, OPENING) is None


async def test_cancelling_a_booking_frees_the_cells_and_notifies_the_other_side(
    database: Database, dora: Provider
) -> None:
    for ending, actor, other, kind in (
        (release, ALICE, DORA, "cancelled_by_client"),
        (call_off, DORA, ALICE, "cancelled_by_provider"),
    ):
        held = await hold(database, ALICE, dora, OPENING)
        await confirm(database, held.id, ALICE, NOW)

        ended = await ending(database, held.id, actor, NOW)

        assert ended == await stored(database, held.id)
        assert taken(database.url) == []
        assert (other, kind, held.id, micros(NOW)) in outbox(database.url)


async def test_the_reason_of_a_cancellation_is_stored(database: Database, dora: Provider) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    await call_off(database, held.id, DORA, NOW)

    assert (await stored(database, held.id)).reason == "Flu"


async def test_overdue_holds_end_in_batches_oldest_first(
    database: Database, dora: Provider
) -> None:
    people = (ALICE, BOB, CARA) * 3
    numbers = [
        (
            await hold(database, people[n], dora, OPENING + n * QUARTER, NOW + timedelta(minutes=n))
        ).id
        for n in range(7)
    ]
    # The first hold is moved, so it becomes the youngest.
    await hold(
        database, ALICE, dora, OPENING + 9 * QUARTER, NOW + timedelta(minutes=7), moving=numbers[0]
    )
    all_over = NOW + timedelta(minutes=37)

    assert await sweep(database, END) == 0
    assert await sweep(database, END + timedelta(minutes=1) - SECOND) == 0
    assert await sweep(database, END + timedelta(minutes=1)) == 1
    assert [await sweep(database, all_over, limit=4) for _ in range(3)] == [4, 2, 0]
    ended = [row[2] for row in outbox(database.url) if row[1] == "hold_expired"]
    assert ended == [*numbers[1:], numbers[0]]
    assert taken(database.url) == []


async def test_sweeping_twice_notifies_each_client_once(database: Database, dora: Provider) -> None:
    await hold(database, ALICE, dora, OPENING)
    assert await sweep(database, END) == 1
    before = all_rows(database.url)

    assert await sweep(database, END + SECOND) == 0
    assert all_rows(database.url) == before


async def test_the_next_expiry_is_the_earliest_end_of_a_hold(
    database: Database, dora: Provider
) -> None:
    async def next_expiry() -> datetime | None:
        async with database.snapshot() as uow:
            return await uow.reservations.next_expiry()

    assert await next_expiry() is None
    held = await hold(database, ALICE, dora, OPENING)
    await hold(database, BOB, dora, OPENING + QUARTER, NOW + SECOND)
    assert await next_expiry() == END
    await confirm(database, held.id, ALICE, NOW)
    assert await next_expiry() == END + SECOND


async def test_a_reservation_is_over_when_its_last_cell_is(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    booked = await confirm(database, held.id, ALICE, NOW)

    async with database.snapshot() as uow:
        assert await uow.queries.bookings(ALICE, booked.span.ends_at - timedelta.resolution) == [
            booked
        ]
        assert await uow.queries.bookings(ALICE, booked.span.ends_at) == []


async def test_reservations_are_listed_by_start_within_their_window(
    database: Database, dora: Provider
) -> None:
    for client, n in ((ALICE, 5), (BOB, 2), (CARA, 8)):
        await hold(database, client, dora, OPENING + n * QUARTER)

    async with database.snapshot() as uow:
        every = await uow.queries.agenda(dora.id, HOURS, NOW)
        some = await uow.queries.agenda(
            dora.id, TimeSpan(OPENING + 3 * QUARTER, OPENING + 8 * QUARTER), NOW
        )
    assert [r.span.start - OPENING for r in every] == [2 * QUARTER, 5 * QUARTER, 8 * QUARTER]
    assert [r.span.start - OPENING for r in some] == [5 * QUARTER]


async def test_the_messages_that_show_a_reservation_are_stored(
    database: Database, dora: Provider
) -> None:
    held = await hold(database, ALICE, dora, OPENING)
    chat = account_of(ALICE)
    async with database.transaction() as uow:
        assert await uow.cards.of(held.id) == Card()
        await uow.cards.show(held.id, chat, 71)
        await uow.cards.show_notice(held.id, chat, 72)
    moved = await hold(database, ALICE, dora, OPENING + QUARTER, moving=held.id)

    async with database.snapshot() as uow:
        assert await uow.cards.of(held.id) == Card(71, 72)
        assert await uow.cards.shown_on(chat, 71) == held.id
        assert await uow.cards.shown_on(chat, 72) is None
        assert await uow.cards.shown_on(account_of(BOB), 71) is None
    assert await stored(database, held.id) == moved


async def test_a_message_is_the_card_of_one_reservation(database: Database, dora: Provider) -> None:
    first, second = [await hold(database, ALICE, dora, OPENING + n * QUARTER) for n in range(2)]
    chat = account_of(ALICE)
    async with database.transaction() as uow:
        for number, message in ((first.id, 71), (second.id, 72), (second.id, 71)):
            await uow.cards.show(number, chat, message)
        await uow.cards.show_notice(first.id, chat, 73)
        assert await uow.cards.of(first.id) == Card(None, 73)
        assert await uow.cards.shown_on(chat, 71) == second.id

        await uow.cards.move(chat, 71, 74)
        await uow.cards.show_notice(first.id, chat, None)
        assert await uow.cards.of(second.id) == Card(74)
        assert await uow.cards.of(first.id) == Card()

        await uow.cards.detach(account_of(BOB), 74)
        assert await uow.cards.of(second.id) == Card(74)
        await uow.cards.detach(chat, 74, unless_of=second.id)
        assert await uow.cards.of(second.id) == Card(74)
        await uow.cards.detach(chat, 74)
        assert await uow.cards.of(second.id) == Card()


async def test_free_slots_are_found_soonest_first_by_day_and_by_month(
    database: Database, dora: Provider
) -> None:
    far = OPENING + 40 * DAY
    async with database.transaction() as uow:
        await uow.availability.replace(
            dora.id,
            [HOURS],
            [TimeSpan(OPENING, OPENING + 2 * QUARTER), TimeSpan(far, far + 2 * QUARTER)],
        )
    day = HOURS.starts_at.date()

    async with database.snapshot() as uow:
        search = SlotSearch(SlotChoice(dora.id), ALICE, POLICY, NOW)
        soonest = await soonest_slots(uow, search)
        of_day = await slots_of_day(uow, search, day, BERLIN)
        of_next_day = await slots_of_day(uow, search, day + timedelta(days=1), BERLIN)
        days = await days_with_slots(
            uow, search, day - timedelta(days=2), day + timedelta(days=50), BERLIN
        )
        nothing = await days_with_slots(
            uow, search, day + timedelta(days=1), day + timedelta(days=39), BERLIN
        )
    assert [slot.start for slot in soonest] == [OPENING, OPENING + QUARTER, far]
    assert [slot.start for slot in of_day] == [OPENING, OPENING + QUARTER]
    assert of_next_day == ()
    assert days == {day, day + timedelta(days=40)}
    assert nothing == frozenset()


async def test_a_slot_that_extends_beyond_the_window_must_be_free_completely(
    database: Database, dora: Provider
) -> None:
    halves = BookingPolicy(slot_length=timedelta(minutes=30))
    await hold(database, ALICE, dora, OPENING + 3 * QUARTER)

    async with database.snapshot() as uow:
        search = SlotSearch(SlotChoice(dora.id), BOB, halves, NOW)
        assert await search.between(uow, OPENING, OPENING + 3 * QUARTER) == (
            TimeSpan(OPENING, OPENING + 2 * QUARTER),
        )
        assert await search.between(uow, OPENING + 3 * QUARTER, OPENING + 5 * QUARTER) == (
            TimeSpan(OPENING + 4 * QUARTER, OPENING + 6 * QUARTER),
        )
