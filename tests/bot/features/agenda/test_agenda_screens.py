"""The screens of a provider's agenda: their texts, their buttons, their size."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.buttons.agenda import (
    AgendaDay,
    AgendaEntry,
    AgendaPage,
    AskReason,
    CancelForClient,
    CancelWithReason,
)
from bot.buttons.people import Open
from bot.dialogue.acting import heading_of
from bot.features.agenda.screens import (
    ENTRIES_PER_PAGE,
    DayView,
    Entry,
    agenda_day,
    agenda_entry,
    cancelled_answer,
    cancelled_note,
    nothing_to_cancel,
    reason_mark,
    reason_question,
    reason_to_confirm,
)
from bot.ui.texts import LANGUAGES
from domain.person import NAME_LIMIT, Person
from domain.provider import SLUG_LIMIT, Provider
from domain.reservation import REASON_LIMIT, Party, Reservation, Status
from domain.timespan import TimeSpan
from tests.kit.cells import QUARTER, cell_of
from tests.kit.screens import DORA, EMIL, button_data, labels, locale_in

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
NINE = cell_of(datetime(2026, 11, 25, 8, tzinfo=UTC))
MONDAY, WEDNESDAY = date(2026, 11, 23), date(2026, 11, 25)
ALICE = Person(101, 7_000_101, "Alice", "alice_a")
BOB = Person(102, 7_000_102, "Bob")
LONGEST_TEXT = 4096
MOST_BUTTONS, WIDEST_ROW = 100, 8
LONGEST_ALERT = 200

BOOKED = Reservation(
    1, 1, 101, TimeSpan(NINE, NINE + QUARTER), Status.CONFIRMED, NOW, None, confirmed_at=NOW
)
HELD = Reservation(
    2,
    1,
    102,
    TimeSpan(NINE + 2 * QUARTER, NINE + 3 * QUARTER),
    Status.HELD,
    NOW,
    NOW + timedelta(minutes=30),
)
ENDED = replace(BOOKED, status=Status.CANCELLED, ended_at=NOW, ended_by=Party.CLIENT)


def view(
    *entries: Entry,
    day: date = WEDNESDAY,
    count: int | None = None,
    page: int = 0,
    ahead: Mapping[date, int] = {},
) -> DayView:
    within = (MONDAY - timedelta(days=3), MONDAY + timedelta(days=60))
    held = sum(entry.reservation.status is Status.HELD for entry in entries)
    count = len(entries) if count is None else count
    return DayView(day, MONDAY, entries, count, page, ahead, within, held=held)


def test_a_day_says_who_comes_when_and_what_is_only_held() -> None:
    plain = agenda_day(locale_in(), view(Entry(BOOKED, ALICE), Entry(HELD, BOB))).plain
    assert "Wednesday, 25 November 2026 (Berlin time)\n1 appointment, 1 hold\n\n" in plain
    assert "09:00–09:15  Alice\n09:30–09:45  Bob ⏳ held until 10:30" in plain


def test_a_name_links_to_the_chat_of_a_client_with_a_username() -> None:
    text = agenda_day(locale_in(), view(Entry(BOOKED, ALICE), Entry(HELD, BOB))).text
    assert '<a href="https://t.me/alice_a">Alice</a>' in text
    assert text.count("<a href") == 1


def test_an_empty_day_says_so_and_leads_to_other_days() -> None:
    screen = agenda_day(locale_in(), view(day=MONDAY, ahead={WEDNESDAY: 3}))
    assert "No appointments on this day." in screen.plain
    assert labels(screen) == ["‹ Sun 22 Nov", "Tue 24 Nov ›", "Wed 25 Nov · 3"]
    assert button_data(screen)[-1] == AgendaDay(WEDNESDAY)


def test_another_day_leads_back_to_today() -> None:
    assert ("Today", AgendaDay(MONDAY)) in zip(
        labels(agenda_day(locale_in(), view())),
        button_data(agenda_day(locale_in(), view())),
        strict=True,
    )


@pytest.mark.parametrize("edge", [0, 1])
def test_no_button_leads_to_days_out_of_reach(edge: int) -> None:
    within = view().within
    days = [
        choice.day
        for choice in button_data(agenda_day(locale_in(), view(day=within[edge])))
        if isinstance(choice, AgendaDay)
    ]
    assert days
    assert all(within[0] <= day <= within[1] for day in days)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_full_page_of_the_longest_names_fits_into_a_message(language: str) -> None:
    wide = Person(103, 7_000_103, "W" * 129, "w" * 32)
    entries = [
        Entry(
            replace(
                HELD, id=2**40 + n, span=TimeSpan(NINE + n * QUARTER, NINE + (n + 1) * QUARTER)
            ),
            wide,
        )
        for n in range(ENTRIES_PER_PAGE)
    ]
    entry = entries[0]
    ahead = {WEDNESDAY + timedelta(days=n): 96 for n in range(1, 7)}
    note = cancelled_note(
        locale_in(language), Entry(replace(entry.reservation, reason="r" * REASON_LIMIT), wide)
    )
    screen = agenda_day(locale_in(language), view(*entries, count=96, page=1, ahead=ahead), note)
    assert len(screen.plain) <= LONGEST_TEXT
    assert sum(map(len, screen.rows)) <= MOST_BUTTONS
    assert max(map(len, screen.rows)) <= WIDEST_ROW


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("only", [None, 1, 200])
def test_a_full_page_of_many_providers_fits_into_a_message(language: str, only: int | None) -> None:
    wide = Person(103, 7_000_103, "W" * 129, "w" * 32)
    providers = [
        Provider(n, "W" * NAME_LIMIT, f"{'w' * (SLUG_LIMIT - 4)}-{n}", shares_name=True)
        for n in range(1, 201)
    ]
    entries = [
        Entry(replace(HELD, id=2**40 + n), wide, "" if only else providers[0].label)
        for n in range(ENTRIES_PER_PAGE)
    ]
    note = cancelled_note(
        locale_in(language), Entry(replace(HELD, reason="r" * REASON_LIMIT), wide)
    )
    ahead = {WEDNESDAY + timedelta(days=n): 96 for n in range(1, 7)}
    full = replace(
        view(*entries, count=96, page=1, ahead=ahead), providers=providers, only=only, idle=True
    )
    screen = agenda_day(locale_in(language), full, note).below(heading_of(providers[0]))
    assert len(screen.plain) <= LONGEST_TEXT
    assert sum(map(len, screen.rows)) <= MOST_BUTTONS
    assert max(map(len, screen.rows)) <= WIDEST_ROW
    assert AgendaDay(WEDNESDAY, only) in button_data(screen)


def test_days_of_several_name_the_provider_and_can_be_filtered() -> None:
    entries = [Entry(BOOKED, ALICE, "Dora"), Entry(HELD, BOB, "Emil")]
    both = replace(view(*entries), providers=[DORA, EMIL])
    screen = agenda_day(locale_in(), both)
    assert "09:00–09:15  Alice · Dora\n09:30–09:45  Bob · Emil ⏳ held until 10:30" in screen.plain
    choices = dict(zip(labels(screen), button_data(screen), strict=True))
    assert choices["Dora"] == AgendaDay(WEDNESDAY, DORA.id)
    assert choices["Emil"] == AgendaDay(WEDNESDAY, EMIL.id)
    assert choices["✅ All"] == AgendaDay(WEDNESDAY)
    one = agenda_day(locale_in(), replace(both, only=EMIL.id))
    assert "✅ Emil" in labels(one)
    assert AgendaDay(WEDNESDAY + timedelta(days=1), EMIL.id) in button_data(one)


def test_a_name_of_a_provider_is_never_read_as_markup() -> None:
    entry = Entry(BOOKED, ALICE, "<i>A&B</i> {zone}")
    assert "&lt;i&gt;A&amp;B&lt;/i&gt; {zone}" in agenda_day(locale_in(), view(entry)).text


def test_the_zone_is_named_where_days_of_another_zone_are_shown() -> None:
    venue = replace(locale_in(), venue=ZoneInfo("Europe/Berlin"))
    abroad = replace(EMIL, time_zone="Asia/Tokyo")
    both = replace(view(Entry(BOOKED, ALICE)), providers=[DORA, abroad])
    assert "(Berlin time)" in agenda_day(venue, both).plain
    assert "(Berlin time)" not in agenda_day(venue, replace(both, providers=[DORA, EMIL])).plain


def test_a_full_day_is_paged() -> None:
    entries = [Entry(replace(BOOKED, id=n + 1), ALICE) for n in range(ENTRIES_PER_PAGE)]
    screen = agenda_day(locale_in(), view(*entries, count=ENTRIES_PER_PAGE + 1))
    assert "21 appointments" in screen.plain
    assert "1/2" in labels(screen)
    assert AgendaPage(WEDNESDAY, 1) in button_data(screen)


def test_one_reservation_can_be_cancelled_until_it_begins() -> None:
    begins = BOOKED.span.starts_at
    before = agenda_entry(locale_in(), Entry(BOOKED, ALICE), begins - timedelta(seconds=1))
    assert labels(before) == ["Cancel booking", "Back"]
    assert button_data(before) == [AskReason(1), AgendaDay(WEDNESDAY)]
    after = agenda_entry(locale_in(), Entry(BOOKED, ALICE), begins)
    assert button_data(after) == [AgendaDay(WEDNESDAY)]
    assert "already started" in after.plain
    over = agenda_entry(locale_in(), Entry(BOOKED, ALICE), BOOKED.span.ends_at)
    assert "This appointment is over." in over.plain


@pytest.mark.parametrize(
    ("reservation", "said"),
    [
        (BOOKED, "Booked"),
        (HELD, "Held until 10:30"),
        (replace(HELD, expires_at=NOW), "expired"),
        (replace(HELD, status=Status.EXPIRED), "expired"),
        (replace(ENDED, confirmed_at=None), "let this time go"),
        (ENDED, "The client cancelled"),
        (
            replace(ENDED, ended_by=Party.PROVIDER, reason="ill"),
            "You cancelled this appointment.\nNote: ill",
        ),
    ],
)
def test_every_state_has_words(reservation: Reservation, said: str) -> None:
    screen = agenda_entry(locale_in(), Entry(reservation, ALICE), NOW)
    assert said in screen.plain
    assert "(Berlin time)" in screen.plain


def test_a_completed_appointment_is_over() -> None:
    completed = Entry(replace(BOOKED, status=Status.COMPLETED), ALICE)
    screen = agenda_entry(locale_in(), completed, BOOKED.span.ends_at)
    assert "This appointment is over." in screen.plain


def test_the_question_asks_for_a_reason_and_offers_to_do_without() -> None:
    screen = reason_question(locale_in(), Entry(BOOKED, ALICE))
    assert "Type a note" in screen.plain
    assert list(zip(labels(screen), button_data(screen), strict=True)) == [
        ("Cancel without a note", CancelForClient(1)),
        ("Back", AgendaEntry(1)),
    ]


def test_a_typed_reason_is_shown_and_confirmed_with_one_tap() -> None:
    screen = reason_to_confirm(locale_in(), Entry(BOOKED, ALICE), "ill")
    assert "Note: ill" in screen.plain
    assert list(zip(labels(screen), button_data(screen), strict=True)) == [
        ("Cancel and send note", CancelWithReason(1, reason_mark("ill"))),
        ("Back", AskReason(1)),
    ]
    assert reason_mark("ill") != reason_mark("well")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_who_cannot_be_notified_is_named(language: str) -> None:
    blocked = replace(ALICE, name="W" * 129, unreachable_since=NOW)
    assert len(cancelled_answer(locale_in(language), Entry(BOOKED, blocked))) <= LONGEST_ALERT
    assert cancelled_note(locale_in(language), Entry(BOOKED, blocked)) != cancelled_note(
        locale_in(language), Entry(BOOKED, ALICE)
    )


def test_the_link_is_offered_without_reservations() -> None:
    idle = replace(view(), idle=True)
    assert button_data(agenda_day(locale_in(), idle))[-1] == Open("link")
    assert labels(agenda_day(locale_in(), idle))[-1] == "My link"
    assert labels(agenda_day(locale_in(), replace(idle, own=False)))[-1] == "Link"
    assert Open("link") not in button_data(agenda_day(locale_in(), view()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_and_reasons_are_never_read_as_markup(language: str) -> None:
    tricky = Person(104, 7_000_104, "<i>A&B</i> {zone}")
    entry = Entry(replace(BOOKED, reason="<b>{slot}</b>"), tricky)
    texts = [
        agenda_day(locale_in(language), view(entry)).text,
        agenda_entry(locale_in(language), entry, NOW).text,
        reason_question(locale_in(language), entry).text,
        reason_to_confirm(locale_in(language), entry, "<b>{slot}</b>").text,
        cancelled_note(locale_in(language), entry),
        nothing_to_cancel(locale_in(language), entry, NOW),
    ]
    assert all("&lt;i&gt;A&amp;B&lt;/i&gt; {zone}" in text for text in texts)
    assert not any("<b>{slot}" in text for text in texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_to_a_tap_fits(language: str) -> None:
    answer = cancelled_answer(locale_in(language), Entry(BOOKED, replace(ALICE, name="W" * 129)))
    assert "agenda" not in answer
    assert len(answer) <= LONGEST_ALERT
