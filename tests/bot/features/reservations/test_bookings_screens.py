"""The screens of a client's bookings: their texts, their buttons, and their sizes."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.buttons.booking import ConfirmHold
from bot.buttons.bookings import AskCancel, BookingsPage, CancelBooking, ShowBooking
from bot.buttons.people import Open
from bot.features.reservations.screens import (
    BOOKINGS_PER_PAGE,
    booking_details,
    booking_list,
    cancel_question,
)
from bot.ui.texts import LANGUAGES, texts_in
from domain.provider import Provider
from domain.reservation import Party, Reservation, Status
from domain.timespan import TimeSpan
from tests.kit.cells import QUARTER, cell_of
from tests.kit.screens import button_data, labels, locale_in

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
NINE = cell_of(datetime(2026, 11, 25, 8, tzinfo=UTC))
DORA = Provider(1, "Dora", "dora")
LONGEST_TEXT = 4096
LONGEST_ALERT = 200


def booking(number: int = 1, *, start: int = NINE) -> Reservation:
    return Reservation(
        number,
        1,
        101,
        TimeSpan(start, start + QUARTER),
        Status.CONFIRMED,
        NOW,
        None,
        confirmed_at=NOW,
    )


def hold(number: int = 1) -> Reservation:
    return Reservation(
        number,
        1,
        101,
        TimeSpan(NINE, NINE + QUARTER),
        Status.HELD,
        NOW,
        NOW + timedelta(minutes=30),
    )


def test_the_list_gives_providers_times_and_the_end_of_holds() -> None:
    plain = booking_list(
        locale_in(), [hold(1), booking(2, start=NINE + 4 * QUARTER)], {1: DORA}, page=0
    ).plain
    assert (
        "Dora\nWednesday, 25 November 2026, 09:00–09:15\nHeld until 10:30, not confirmed yet"
        in plain
    )
    assert "✅ Dora\nWednesday, 25 November 2026, 10:00–10:15\n" in plain
    assert "(Berlin time)" in plain


def test_each_line_of_the_list_has_its_button() -> None:
    screen = booking_list(
        locale_in(), [hold(7), booking(8, start=NINE + 4 * QUARTER)], {1: DORA}, page=0
    )
    assert labels(screen) == ["⏳ Wed 25 Nov, 09:00 · Dora", "✅ Wed 25 Nov, 10:00 · Dora"]
    assert button_data(screen) == [ShowBooking(7), ShowBooking(8)]


def test_an_empty_list_offers_to_book() -> None:
    assert button_data(booking_list(locale_in(), [], {}, page=0)) == [Open("book")]


def test_a_long_list_is_paged_and_a_page_beyond_the_last_is_the_last() -> None:
    coming = [booking(n, start=NINE + n * QUARTER) for n in range(1, 2 * BOOKINGS_PER_PAGE + 2)]
    first, last = (booking_list(locale_in(), coming, {1: DORA}, page=page) for page in (0, 99))
    assert button_data(first)[: BOOKINGS_PER_PAGE + 1] == [
        *(ShowBooking(n) for n in range(1, 9)),
        *button_data(first)[8:9],
    ]
    assert button_data(first)[-1] == BookingsPage(1)
    assert button_data(last)[0] == ShowBooking(17)
    assert "3/3" in labels(last)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_of_the_longest_names_fits_into_a_message(language: str) -> None:
    wide = Provider(1, "&" * 64, "wide")
    coming = [
        Reservation(
            2**40 + n,
            1,
            101,
            TimeSpan(NINE + n * QUARTER, NINE + (n + 1) * QUARTER),
            Status.HELD,
            NOW,
            NOW,
        )
        for n in range(30)
    ]
    screen = booking_list(locale_in(language), coming, {1: wide}, page=1)
    assert screen.plain.count("&" * 64) == BOOKINGS_PER_PAGE
    assert len(screen.plain) <= LONGEST_TEXT


def test_names_are_escaped() -> None:
    tricky = Provider(1, "<b>Dora</b> & {zone}", "dora")
    for screen in (
        booking_list(locale_in(), [booking()], {1: tricky}, page=0),
        booking_details(locale_in(), booking(), tricky, NOW),
        cancel_question(locale_in(), booking(), tricky),
    ):
        assert "&lt;b&gt;Dora&lt;/b&gt; &amp; {zone}" in screen.text


def test_a_booking_can_be_cancelled_until_it_begins() -> None:
    begins = booking().span.starts_at
    before = booking_details(locale_in(), booking(), DORA, begins - timedelta(seconds=1))
    assert button_data(before) == [AskCancel(1), BookingsPage(0)]
    assert labels(before) == ["Cancel booking", "Back"]
    assert button_data(booking_details(locale_in(), booking(), DORA, begins)) == [BookingsPage(0)]


def test_the_question_names_the_booking_and_offers_a_way_out() -> None:
    screen = cancel_question(locale_in(), booking(3), DORA)
    assert "Dora\nWednesday, 25 November 2026, 09:00–09:15 (Berlin time)" in screen.plain
    assert list(zip(labels(screen), button_data(screen), strict=True)) == [
        ("Yes, cancel booking", CancelBooking(3)),
        ("Back", ShowBooking(3)),
    ]


def test_an_ended_booking_keeps_the_buttons_of_its_card() -> None:
    ended = Reservation(
        4,
        1,
        101,
        booking().span,
        Status.CANCELLED,
        NOW,
        None,
        confirmed_at=NOW,
        ended_at=NOW,
        ended_by=Party.CLIENT,
    )
    screen = booking_details(locale_in(), ended, DORA, NOW)
    assert labels(screen) == ["Book another time", "Back"]
    assert ConfirmHold(4) not in button_data(screen)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "key", ["reservation.confirmed", "reservation.released", "bookings.cancelled"]
)
def test_toasts_fit_into_an_alert(language: str, key: str) -> None:
    text = texts_in(language).plain(key)
    assert text != key
    assert len(text) <= LONGEST_ALERT
    assert "<" not in text
