"""The screens of adding and removing hours: their texts, their buttons, their size."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from bot.buttons.base import CallbackData
from bot.buttons.hours import (
    AskRemoval,
    DraftEnd,
    DraftStart,
    HoursHome,
    HoursOf,
    PostedDay,
    RemoveHours,
    ShowDraft,
    ToggleDay,
    UndoDraft,
)
from bot.buttons.people import Open
from bot.dialogue.acting import heading_of
from bot.features.hours.calendar_screens import (
    draft_calendar,
    draft_end,
    draft_start,
    hours_wanted,
    time_offered,
)
from bot.features.hours.day_lines import day_name, grouped, hours_label
from bot.features.hours.preview_screens import (
    Posting,
    Suggestion,
    cannot_repeat,
    did_you_mean,
    discarded,
    preview,
    published,
    refused,
    undone,
)
from bot.features.hours.removal_screens import (
    Booked,
    bookings_inside,
    list_mark,
    removal_to_confirm,
)
from bot.features.hours.screens import hours_home, posted_day, whose_hours
from bot.messages.screen import Screen
from bot.ui.texts import LANGUAGES
from domain.person import NAME_LIMIT
from domain.policy import BookingPolicy
from domain.posting import DayHours, Draft, plan
from domain.provider import SLUG_LIMIT, Provider
from domain.reservation import Reservation, Status
from domain.timespan import TimeSpan, WallSpan
from tests.kit.cells import QUARTER, cell_of
from tests.kit.screens import button_data, labels, locale_in

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY = date(2026, 11, 23)
WEDNESDAY = date(2026, 11, 25)
POLICY = BookingPolicy()
LENGTH = timedelta(minutes=15)
MORNING = WallSpan(9 * 60, 12 * 60)
EVERY_OTHER_QUARTER = tuple(WallSpan(at, at + 15) for at in range(0, 24 * 60, 30))
LONGEST_TEXT = 4096
_KEY = re.compile(r"\b(hours|button)\.[a-z]")
MOST_BUTTONS, WIDEST_ROW = 100, 8


def days(count: int, *spans: WallSpan, first: date = WEDNESDAY) -> tuple[DayHours, ...]:
    return tuple((first + timedelta(days=n), spans) for n in range(count))


def posting(
    *hours: DayHours,
    posted: tuple[TimeSpan, ...] = (),
    slots: int = 12,
    notes: tuple[str, ...] = (),
) -> Posting:
    draft = Draft(7, 1, hours)
    return Posting(draft, plan(hours, BERLIN, NOW), posted, slots, notes)


def booking(number: int, status: Status = Status.CONFIRMED) -> Reservation:
    start = cell_of(datetime(2026, 11, 25, 8, tzinfo=UTC)) + number * QUARTER
    return Reservation(number, 1, 100 + number, TimeSpan(start, start + QUARTER), status, NOW, None)


@cache
def shown(language: str) -> list[Screen]:
    """Return every screen with as much as it can hold."""
    return list(_shown(language))


def _shown(language: str) -> Iterator[Screen]:
    r = locale_in(language)
    crowded = tuple(
        (day, spans[day.toordinal() % 2 :]) for day, spans in days(400, *EVERY_OTHER_QUARTER)
    )
    full = plan(crowded, BERLIN, NOW)
    within = (TODAY, TODAY + timedelta(days=399))
    chosen = Draft(2**40, 1, days(400, first=TODAY))
    yield hours_home(r, [], TODAY, page=0, provider=1, zone_chosen=False)
    yield hours_home(r, grouped(r, full), TODAY, page=20, provider=1)
    yield posted_day(
        r,
        date(2027, 10, 31),
        [s for d, spans in grouped(r, full) if d == date(2027, 10, 31) for s in spans],
        2**40,
    )
    yield draft_calendar(r, Draft(1, 1), TODAY.replace(day=1), within)
    yield draft_calendar(r, chosen, date(2027, 8, 1), within)
    yield draft_start(r, chosen, TODAY)
    yield draft_end(r, chosen, 0, TODAY)
    yield preview(
        r,
        Posting(
            Draft(2**40, 1, crowded), full, full[::2], 20000, ["note " * 50] * 20, DraftStart(1, 2)
        ),
        LENGTH,
        TODAY,
    )
    yield preview(r, Posting(Draft(1, 1, crowded), full, full, 0), LENGTH, TODAY)
    yield published(r, Draft(1, 1, crowded, added=full), 9000, POLICY, TODAY)
    yield published(r, Draft(1, 1, crowded), 0, POLICY, TODAY)
    yield published(r, Draft(1, 1, crowded, added=full), 0, POLICY, TODAY, too_early=True)
    yield hours_wanted(r, chosen, TODAY)
    yield did_you_mean(r, MORNING, Suggestion(2**40, crowded), TODAY)
    yield cannot_repeat(r, 2**40)
    yield discarded(r, Draft(2**40, 2**40))
    yield undone(r, Draft(1, 1, crowded, added=full), TODAY)
    yield refused(r, "No & <no>", [Suggestion(n, crowded) for n in range(8)], TODAY, HoursHome(0))
    yield time_offered("No", 600, DraftStart(1, 600))
    many = [Booked(booking(n, Status.HELD), "<" * 200) for n in range(300)]
    yield bookings_inside(
        r,
        many[:20],
        lambda answer: RemoveHours(2_000_000, 2_000_100, answer, 2**40),
        PostedDay(WEDNESDAY, 2**40),
    )
    yield removal_to_confirm(r, WEDNESDAY, full[:48], ["note"], 2**40)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_fits_telegrams_limits_however_full_it_is(language: str) -> None:
    for screen in shown(language):
        assert 0 < len(screen.plain) <= LONGEST_TEXT
        assert len(labels(screen)) <= MOST_BUTTONS
        assert all(0 < len(row) <= WIDEST_ROW for row in screen.rows)
        assert all(button_data(screen)), "every button reads back as what it was made of"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_fits_below_the_longest_name(language: str) -> None:
    named = Provider(1, "W" * NAME_LIMIT, "w" * SLUG_LIMIT, shares_name=True)
    longest = heading_of(named)
    for screen in shown(language):
        assert len(screen.below(longest).plain) <= LONGEST_TEXT


def test_more_providers_than_fit_can_be_typed_by_name() -> None:
    many = [Provider(n, "W" * 64, f"w-{n}", shares_name=True) for n in range(1, 201)]
    screen = whose_hours(locale_in(), many)

    assert len(labels(screen)) <= MOST_BUTTONS
    assert button_data(screen)[0] == HoursOf(1)


def test_hours_of_one_of_several_lead_to_the_others() -> None:
    home = hours_home(locale_in(), [], TODAY, page=0, provider=7, several=True)
    assert (labels(home)[-1], button_data(home)[-1]) == ("Someone else's hours", Open("hours"))
    assert Open("hours") not in button_data(hours_home(locale_in(), [], TODAY, page=0, provider=7))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_exists_in_every_language(language: str) -> None:
    for screen in shown(language):
        texts = [screen.text, *labels(screen)]
        assert not [text for text in texts if _KEY.search(text)]


def test_names_of_clients_are_shown_as_they_are() -> None:
    screen = bookings_inside(
        locale_in(),
        [Booked(booking(1), "<b>Eve</b> & co")],
        lambda answer: UndoDraft(1, answer),
        HoursHome(0),
    )

    assert "<b>Eve</b> & co: Wed" in screen.plain


def test_many_bookings_inside_are_shortened() -> None:
    many = [Booked(booking(n), f"Client {n}") for n in range(23)]
    screen = bookings_inside(locale_in(), many, lambda answer: UndoDraft(1, answer), HoursHome(0))

    assert "Client 19" in screen.plain
    assert "Client 20" not in screen.plain
    assert "and 3 more" in screen.plain
    assert "23 bookings" in screen.plain


def test_the_mark_of_a_list_tells_other_lists_apart() -> None:
    assert list_mark([booking(1), booking(2)]) == list_mark([booking(1), booking(2)])
    assert list_mark([booking(1), booking(2)]) != list_mark([booking(1)])
    assert list_mark([booking(1), booking(2)]) != list_mark([booking(12)])


def test_a_preview_lists_ten_days_and_counts_the_rest() -> None:
    but_a_friday = [hours for hours in days(35, MORNING) if hours[0] != date(2026, 11, 27)]
    screen = preview(locale_in(), posting(*but_a_friday, slots=408), LENGTH, TODAY)

    assert screen.plain.count("09:00–12:00") == 10
    assert "and 24 more days" in screen.plain
    assert "34 days, 408 slots" in screen.plain
    assert "Preview (Berlin time)" in screen.plain
    assert labels(screen) == ["✅ Publish", "Discard"]


def test_a_preview_puts_a_weekly_pattern_on_one_line() -> None:
    work = [hours for hours in days(90, MORNING) if hours[0].weekday() < 5]
    fridays = [hours for hours in work if hours[0].weekday() == 4]

    assert "Preview (Berlin time)\nMon–Fri, 25 Nov – 22 Feb 2027: 09:00–12:00\n\n" in _preview(
        *work
    )
    assert "Mo–Fr, 25. Nov. – 22. Feb. 2027: 09:00–12:00" in _preview(*work, language="de")
    assert "Fri, 27 Nov – 19 Feb 2027: 09:00–12:00" in _preview(*fridays)
    assert "Daily, 25 Nov – 24 Dec: 09:00–12:00" in _preview(*days(30, MORNING))


def _preview(*hours: DayHours, language: str = "en") -> str:
    return preview(locale_in(language), posting(*hours), LENGTH, TODAY).plain


def test_a_preview_names_the_year_if_it_is_not_this_one() -> None:
    assert day_name(locale_in(), WEDNESDAY, TODAY) == locale_in().times.short_day(WEDNESDAY)
    assert day_name(locale_in(), date(2027, 8, 13), TODAY).endswith("2027")


def test_a_preview_names_the_hours_open_already() -> None:
    hours = days(1, MORNING)
    span = plan(hours, BERLIN, NOW)[0]
    half = TimeSpan(span.start, span.start + 4 * QUARTER)

    assert "already open" not in preview(locale_in(), posting(*hours), LENGTH, TODAY).plain.lower()
    assert (
        "09:00–10:00" in preview(locale_in(), posting(*hours, posted=(half,)), LENGTH, TODAY).plain
    )
    nothing = preview(locale_in(), posting(*hours, posted=(span,)), LENGTH, TODAY)
    assert "These hours are already open." in nothing.plain
    assert labels(nothing) == ["See hours", "Discard"]


def test_a_preview_says_on_which_days_the_clocks_change() -> None:
    spring = posting((date(2027, 3, 28), (WallSpan(60, 240),)))
    screen = preview(locale_in(), spring, LENGTH, TODAY)

    assert "clocks change on Sunday, 28 March 2027" in screen.plain
    assert (
        "clocks change" not in preview(locale_in(), posting(*days(3, MORNING)), LENGTH, TODAY).plain
    )


def test_a_preview_says_where_no_slot_fits() -> None:
    assert (
        "no one could book"
        in preview(
            locale_in(), posting(*days(1, MORNING), slots=0), timedelta(hours=4), TODAY
        ).plain
    )


def test_one_slot_and_one_day_are_singular() -> None:
    assert (
        "1 day, 1 slot"
        in preview(locale_in(), posting(*days(1, MORNING), slots=1), LENGTH, TODAY).plain
    )
    assert (
        "1 Tag, 1 freie Zeit"
        in preview(locale_in("de"), posting(*days(1, MORNING), slots=1), LENGTH, TODAY).plain
    )


def test_publishing_hours_open_before_offers_no_undo() -> None:
    screen = published(locale_in(), Draft(1, 1, days(1, MORNING)), 0, POLICY, TODAY)

    assert not [label for label in labels(screen) if "Undo" in label]
    assert "Nothing changed" in screen.plain


def test_the_calendar_marks_the_chosen_days() -> None:
    draft = Draft(3, 1, ((date(2026, 12, 13), ()),))
    screen = draft_calendar(
        locale_in(), draft, date(2026, 12, 1), (TODAY, TODAY + timedelta(days=399))
    )

    assert "✅ 13" in labels(screen)
    assert "14" in labels(screen)
    assert ToggleDay(3, date(2026, 12, 13), 0) in button_data(screen)
    assert ToggleDay(3, date(2026, 12, 14), 1) in button_data(screen)
    assert "1 day chosen" in screen.plain
    assert "Next ›" in labels(screen)


def test_the_calendar_has_a_next_button_once_a_day_is_chosen() -> None:
    screen = draft_calendar(
        locale_in(), Draft(3, 1), date(2026, 12, 1), (TODAY, TODAY + timedelta(days=399))
    )

    assert "Next ›" not in labels(screen)
    assert "Back" in labels(screen)


def test_past_days_cannot_be_tapped() -> None:
    screen = draft_calendar(
        locale_in(), Draft(3, 1), date(2026, 11, 1), (TODAY, TODAY + timedelta(days=399))
    )

    assert [label for label in labels(screen) if label.isdigit()] == [str(n) for n in range(23, 31)]


def test_starts_are_the_half_hours_of_a_day() -> None:
    screen = draft_start(locale_in(), Draft(3, 1, days(2)), TODAY)

    assert labels(screen)[:2] == ["00:00", "00:30"]
    assert labels(screen)[-2:] == ["23:30", "Back"]
    assert len(labels(screen)) == 49


@pytest.mark.parametrize(
    ("start", "first"),
    [(0, "00:30"), (555, "09:30"), (540, "09:30"), (1410, "24:00"), (1425, "24:00")],
)
def test_ends_are_the_half_hours_after_the_start(start: int, first: str) -> None:
    screen = draft_end(locale_in(), Draft(3, 1, days(2)), start, TODAY)

    assert labels(screen)[0] == first
    assert labels(screen)[-2:] == ["24:00", "Back"]
    assert DraftEnd(3, start, 1440) in button_data(screen)


def test_a_suggestion_says_what_it_means() -> None:
    assert (
        hours_label(locale_in(), days(1, MORNING), TODAY)
        == f"{locale_in().times.short_day(WEDNESDAY)}, 09:00–12:00"
    )
    assert hours_label(locale_in(), days(5, MORNING), TODAY).startswith("5 days, ")
    assert "09:00" not in hours_label(
        locale_in(), (*days(1, MORNING), (date(2026, 11, 27), (WallSpan(0, 60),))), TODAY
    )


def test_suggestions_are_one_button_each() -> None:
    screen = refused(
        locale_in(),
        "A & B",
        [Suggestion(1, days(1, MORNING)), Suggestion(2, days(2, MORNING))],
        TODAY,
    )

    assert button_data(screen) == [ShowDraft(1), ShowDraft(2)]
    assert "A & B" in screen.plain
    assert "Which one did you mean" in screen.plain


def test_open_days_are_paged_by_ten() -> None:
    everything = grouped(locale_in(), plan(days(23, MORNING), BERLIN, NOW))
    pages = [
        hours_home(locale_in(), everything, TODAY, page=page, provider=1) for page in (0, 1, 2)
    ]
    listed = [
        [choice for choice in button_data(page) if isinstance(choice, PostedDay)] for page in pages
    ]

    assert [len(page) for page in listed] == [10, 10, 3]
    assert [choice.day for page in listed for choice in page] == [day for day, _ in everything]


def test_a_page_that_does_not_exist_shows_the_last_one() -> None:
    everything = grouped(locale_in(), plan(days(23, MORNING), BERLIN, NOW))

    assert hours_home(locale_in(), everything, TODAY, page=10**9, provider=1) == hours_home(
        locale_in(), everything, TODAY, page=2, provider=1
    )


def test_each_span_of_a_day_and_the_whole_day_can_be_removed() -> None:
    spans = plan(days(1, MORNING, WallSpan(780, 840)), BERLIN, NOW)
    screen = posted_day(locale_in(), WEDNESDAY, spans, 7)

    removals = [choice for choice in button_data(screen) if isinstance(choice, AskRemoval)]
    assert removals == [
        AskRemoval(spans[0].start, spans[0].end, 7),
        AskRemoval(spans[1].start, spans[1].end, 7),
        AskRemoval(spans[0].start, spans[1].end, 7),
    ]
    assert labels(screen) == ["🗑 09:00–12:00", "🗑 13:00–14:00", "🗑 Remove whole day", "Back"]


def test_the_only_span_of_a_day_is_the_whole_day() -> None:
    assert labels(posted_day(locale_in(), WEDNESDAY, plan(days(1, MORNING), BERLIN, NOW), 1)) == [
        "🗑 Remove whole day",
        "Back",
    ]


def test_one_booking_inside_is_singular() -> None:
    screen = bookings_inside(
        locale_in(),
        [Booked(booking(1), "Alice")],
        lambda inside: UndoDraft(5, inside),
        HoursHome(0),
    )
    assert labels(screen) == ["Keep it", "❌ Cancel it", "Back"]
    german = bookings_inside(
        locale_in("de"),
        [Booked(booking(1), "Alice")],
        lambda inside: UndoDraft(5, inside),
        HoursHome(0),
    )
    assert labels(german) == ["Behalten", "❌ Absagen", "Zurück"]


@pytest.mark.parametrize(
    "answer", [lambda inside: UndoDraft(5, inside), lambda inside: RemoveHours(1, 9, inside)]
)
def test_bookings_inside_can_be_kept_or_cancelled_or_left_as_they_are(
    answer: Callable[[str], CallbackData],
) -> None:
    booked = [Booked(booking(1), "Alice"), Booked(booking(2, Status.HELD), "Bob")]
    screen = bookings_inside(locale_in(), booked, answer, HoursHome(0))

    assert labels(screen) == ["Keep all", "❌ Cancel all", "Back"]
    assert button_data(screen) == [
        answer("k"),
        answer(f"c{list_mark([booking(1), booking(2)])}"),
        HoursHome(0),
    ]
    assert "Bob" in screen.plain
    assert "not confirmed yet" in screen.plain
