"""What each act writes in its transaction: one row of history, and rows for those to be told."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from domain import errors
from domain.choice import SlotChoice
from domain.provider import Provider, Role
from domain.reservation import Reservation
from domain.usecases.choose_settings import choose_notifications
from domain.usecases.end_reservation import cancel_by_client, cancel_by_provider, confirm_hold
from domain.usecases.expire_holds import expire_holds
from domain.usecases.guests import add_guest
from domain.usecases.hold_slot import hold_slot
from storage.database import Database
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.cells import QUARTER
from tests.kit.clinic import (
    ALICE,
    BOB,
    CARA,
    DORA,
    EMIL,
    NOW,
    OPENING,
    POLICY,
    SECOND,
    account_of,
    hold,
    open_clinic,
)
from tests.kit.raw_database import all_rows, micros, rows

END = NOW + POLICY.hold_duration
WARNED = END - POLICY.warning_lead
# Words that people wrote or are called, which the history must not contain.
REASON = "Flu, call me at +49 30 1"


@pytest.fixture
async def dora(database: Database) -> Provider:
    async with database.transaction() as uow:
        return (await open_clinic(uow))[0]


@pytest.fixture
async def held(database: Database, dora: Provider) -> Reservation:
    return await hold(database, ALICE, dora, OPENING)


@pytest.fixture
async def booked(database: Database, held: Reservation) -> Reservation:
    async with database.transaction() as uow:
        return await confirm_hold(uow, POLICY, held.id, ALICE, NOW)


def history(url: str) -> list[tuple[Any, ...]]:
    """Return the rows of the history, with decoded states."""
    found = rows(
        url,
        "SELECT reservation_id, revision, actor_id, act, at, before, after FROM history"
        " ORDER BY reservation_id, revision",
    )
    return [
        (*row, None if before is None else json.loads(before), json.loads(after))
        for *row, before, after in found
    ]


def state(
    reservation: Reservation, status: str, *, provider: int | None = None, start: int | None = None
) -> dict[str, object]:
    """Return what the history knows about a reservation with this status."""
    ends = reservation.expires_at if status in {"held", "expired"} else None
    first = reservation.span.start if start is None else start
    return {
        "status": status,
        "provider": provider or reservation.provider_id,
        "start": first,
        "end": first + QUARTER,
        "expires_at": ends.isoformat() if ends else None,
    }


async def test_a_hold_and_its_move_are_recorded(
    database: Database, dora: Provider, held: Reservation
) -> None:
    later = NOW + timedelta(minutes=10)
    moved = await hold(database, ALICE, dora, OPENING + 3 * QUARTER, later, moving=held.id)

    assert history(database.url) == [
        (held.id, 1, ALICE, "held", micros(NOW), None, state(held, "held")),
        (held.id, 2, ALICE, "moved", micros(later), state(held, "held"), state(moved, "held")),
    ]


async def test_a_confirmation_is_recorded(database: Database, booked: Reservation) -> None:
    [first, second] = history(database.url)
    assert second == (
        *(booked.id, 2, ALICE, "confirmed", micros(NOW)),
        first[-1],
        state(booked, "confirmed"),
    )


async def test_a_release_is_recorded(database: Database, held: Reservation) -> None:
    async with database.transaction() as uow:
        await cancel_by_client(uow, POLICY, held.id, ALICE, NOW + SECOND)

    assert history(database.url)[1:] == [
        (
            *(held.id, 2, ALICE, "released", micros(NOW + SECOND)),
            state(held, "held"),
            state(held, "cancelled"),
        )
    ]


async def test_a_cancellation_by_the_client_is_recorded(
    database: Database, booked: Reservation
) -> None:
    async with database.transaction() as uow:
        await cancel_by_client(uow, POLICY, booked.id, ALICE, NOW + SECOND)

    assert history(database.url)[2:] == [
        (
            *(booked.id, 3, ALICE, "cancelled", micros(NOW + SECOND)),
            state(booked, "confirmed"),
            state(booked, "cancelled"),
        )
    ]


async def test_a_cancellation_for_the_provider_is_recorded_with_who_did_it(
    database: Database, dora: Provider, booked: Reservation
) -> None:
    async with database.transaction() as uow:
        await uow.providers.appoint(CARA, dora.id, Role.ASSISTANT, NOW)
        await cancel_by_provider(uow, POLICY, booked.id, CARA, NOW + SECOND, reason=REASON)

    assert history(database.url)[2:] == [
        (
            *(booked.id, 3, CARA, "declined", micros(NOW + SECOND)),
            state(booked, "confirmed"),
            state(booked, "cancelled"),
        )
    ]


async def test_the_history_has_no_names_and_no_free_text(
    database: Database, dora: Provider, booked: Reservation
) -> None:
    async with database.transaction() as uow:
        await cancel_by_provider(uow, POLICY, booked.id, DORA, NOW, reason=REASON)
        assert await uow.queries.reservation(booked.id)

    assert rows(database.url, "SELECT reason FROM reservation") == [(REASON,)]
    found = repr(all_rows(database.url)["history"])
    texts = (REASON, "Flu", "Person", "Dora", str(account_of(ALICE)))
    assert [text for text in texts if text in found] == []


@pytest.mark.parametrize("way", ["swept", "in the way"])
async def test_an_expired_hold_is_recorded_without_an_actor(
    database: Database, dora: Provider, held: Reservation, way: str
) -> None:
    if way == "swept":
        async with database.transaction() as uow:
            assert await expire_holds(uow, POLICY, END) == 1
    else:
        await hold(database, BOB, dora, OPENING, END)

    assert [row for row in history(database.url) if row[0] == held.id][1:] == [
        (
            *(held.id, 2, None, "expired", micros(END)),
            state(held, "held"),
            state(held, "expired"),
        )
    ]


async def test_a_completed_visit_is_recorded_without_an_actor(
    database: Database, booked: Reservation
) -> None:
    over = booked.span.ends_at + timedelta(days=2)
    async with database.transaction() as uow:
        await uow.pruning.prune(over)
        await uow.pruning.prune(over)

    assert history(database.url)[2:] == [
        (
            *(booked.id, 3, None, "completed", micros(over)),
            state(booked, "confirmed"),
            state(booked, "completed"),
        )
    ]
    assert rows(database.url, "SELECT revision FROM reservation") == [(3,)]


Act = Callable[[SqlUnitOfWork, Reservation], Awaitable[object]]


@pytest.mark.parametrize(
    "act",
    [
        lambda uow, booked: confirm_hold(uow, POLICY, booked.id, BOB, NOW),
        lambda uow, booked: cancel_by_client(uow, POLICY, booked.id, DORA, NOW),
        lambda uow, booked: cancel_by_provider(uow, POLICY, booked.id, EMIL, NOW),
        lambda uow, booked: hold_slot(
            uow, POLICY, BOB, SlotChoice(booked.provider_id, OPENING), NOW
        ),
        lambda uow, booked: cancel_by_client(uow, POLICY, booked.id, ALICE, booked.span.starts_at),
    ],
)
async def test_a_refused_act_leaves_no_trace(
    database: Database, booked: Reservation, act: Act
) -> None:
    before = all_rows(database.url)

    async with database.transaction() as uow:
        with pytest.raises(errors.Refusal):
            async with uow.savepoint():
                await act(uow, booked)

    assert all_rows(database.url) == before


@pytest.mark.parametrize(
    "act",
    [
        lambda uow, booked: confirm_hold(uow, POLICY, booked.id, ALICE, NOW),
        lambda uow, booked: hold_slot(
            uow, POLICY, ALICE, SlotChoice(booked.provider_id, OPENING), NOW
        ),
        lambda uow, _booked: expire_holds(uow, POLICY, END),
    ],
)
async def test_an_act_that_changes_nothing_leaves_no_trace(
    database: Database, booked: Reservation, act: Act
) -> None:
    before = all_rows(database.url)

    async with database.transaction() as uow:
        await act(uow, booked)

    assert all_rows(database.url) == before


async def test_an_act_that_is_rolled_back_leaves_no_trace(
    database: Database, booked: Reservation
) -> None:
    before = all_rows(database.url)

    async def cancel_and_fail() -> None:
        async with database.transaction() as uow:
            await cancel_by_client(uow, POLICY, booked.id, ALICE, NOW)
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await cancel_and_fail()

    assert all_rows(database.url) == before


Told = list[tuple[int, str, int, int]]


def told(url: str) -> Told:
    """Return recipient, kind, revision and due time of all notifications."""
    return sorted(rows(url, "SELECT recipient_id, kind, revision, due_at FROM outbox"))


async def test_the_client_is_warned_of_their_own_hold_and_nobody_else(
    database: Database, held: Reservation
) -> None:
    assert told(database.url) == [(ALICE, "hold_warning", 1, micros(WARNED))]
    keys = rows(database.url, "SELECT chat_id, channel, dedupe_key FROM outbox")
    key = f"hold_warning:reservation:{held.id}:1:"
    assert keys == [(account_of(ALICE), "telegram", key)]


async def test_a_hold_that_is_moved_to_end_within_minutes_is_warned_of_at_once(
    database: Database, dora: Provider, held: Reservation
) -> None:
    for turn, minutes in enumerate((25, 50, 57), start=1):
        later = NOW + timedelta(minutes=minutes)
        await hold(database, ALICE, dora, OPENING + turn * QUARTER, later, moving=held.id)

    assert [(revision, due) for _, _, revision, due in told(database.url)] == [
        (1, micros(WARNED)),
        (2, micros(NOW + timedelta(minutes=50))),
        (3, micros(NOW + timedelta(minutes=55))),
        (4, micros(NOW + timedelta(minutes=55))),
    ]


async def test_everyone_who_acts_for_the_provider_is_told_of_a_booking_and_its_end(
    database: Database, dora: Provider, held: Reservation
) -> None:
    async with database.transaction() as uow:
        await uow.providers.appoint(CARA, dora.id, Role.ASSISTANT, NOW)
        await confirm_hold(uow, POLICY, held.id, ALICE, NOW)
        await cancel_by_client(uow, POLICY, held.id, ALICE, NOW + SECOND)

    assert told(database.url) == [
        (ALICE, "hold_warning", 1, micros(WARNED)),
        (CARA, "booking_confirmed", 2, micros(NOW)),
        (CARA, "cancelled_by_client", 3, micros(NOW + SECOND)),
        (DORA, "booking_confirmed", 2, micros(NOW)),
        (DORA, "cancelled_by_client", 3, micros(NOW + SECOND)),
    ]


async def test_a_person_is_not_told_of_their_own_act(database: Database, dora: Provider) -> None:
    async with database.transaction() as uow:
        await uow.providers.appoint(ALICE, dora.id, Role.ASSISTANT, NOW)
    held = await hold(database, ALICE, dora, OPENING)
    async with database.transaction() as uow:
        await confirm_hold(uow, POLICY, held.id, ALICE, NOW)

    assert [row[:2] for row in told(database.url)] == [
        (ALICE, "hold_warning"),
        (DORA, "booking_confirmed"),
    ]


async def test_the_client_is_told_that_the_provider_cancelled(
    database: Database, booked: Reservation
) -> None:
    async with database.transaction() as uow:
        await cancel_by_provider(uow, POLICY, booked.id, DORA, NOW + SECOND)

    assert (ALICE, "cancelled_by_provider", 3, micros(NOW + SECOND)) in told(database.url)
    assert [row for row in told(database.url) if row[2] == 3 and row[0] == DORA] == []


async def test_the_team_is_told_when_one_of_them_cancels_a_booking_but_not_a_hold(
    database: Database, dora: Provider, booked: Reservation
) -> None:
    held = await hold(database, BOB, dora, OPENING + QUARTER)
    async with database.transaction() as uow:
        await uow.providers.appoint(CARA, dora.id, Role.ASSISTANT, NOW)
        for each in (booked, held):
            await cancel_by_provider(uow, POLICY, each.id, CARA, NOW + SECOND)

    team = "SELECT recipient_id, subject_id, revision FROM outbox WHERE kind = 'cancelled_by_team'"
    assert rows(database.url, team) == [(DORA, booked.id, 3)]


async def test_who_switched_notifications_off_is_told_nothing(
    database: Database, dora: Provider, held: Reservation
) -> None:
    async with database.transaction() as uow:
        await uow.providers.appoint(CARA, dora.id, Role.ASSISTANT, NOW)
        await choose_notifications(uow, DORA, dora.id, wanted=False)
        await confirm_hold(uow, POLICY, held.id, ALICE, NOW)
        await choose_notifications(uow, DORA, dora.id, wanted=True)
        await cancel_by_client(uow, POLICY, held.id, ALICE, NOW + SECOND)

    assert [row[:2] for row in told(database.url) if row[0] != ALICE] == [
        (CARA, "booking_confirmed"),
        (CARA, "cancelled_by_client"),
        (DORA, "cancelled_by_client"),
    ]


async def test_a_guest_is_told_nothing(database: Database, dora: Provider) -> None:
    async with database.transaction() as uow:
        guest = await add_guest(uow, DORA, dora.id, "Mrs Smith", "+49 30 1", NOW)
        held = await hold_slot(uow, POLICY, guest, SlotChoice(dora.id, OPENING), NOW)
        await cancel_by_provider(uow, POLICY, held.id, DORA, NOW)

    assert told(database.url) == []
    assert [row[3] for row in history(database.url)] == ["held", "declined"]


async def test_a_client_who_acts_for_the_provider_is_told_as_a_client_only(
    database: Database, dora: Provider
) -> None:
    async with database.transaction() as uow:
        await uow.providers.appoint(ALICE, dora.id, Role.ASSISTANT, NOW)
    held = await hold(database, ALICE, dora, OPENING)
    async with database.transaction() as uow:
        await confirm_hold(uow, POLICY, held.id, ALICE, NOW)
        await cancel_by_provider(uow, POLICY, held.id, DORA, NOW, reason=REASON)

    kinds = f"SELECT kind FROM outbox WHERE recipient_id = {ALICE} ORDER BY id"
    assert rows(database.url, kinds) == [("hold_warning",), ("cancelled_by_provider",)]
