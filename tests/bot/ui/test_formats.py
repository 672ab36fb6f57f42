"""Formats of days and times, on ordinary days and when the clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.formats import Times, wall_span, wall_time
from bot.ui.texts import LANGUAGES
from domain.timespan import TimeSpan, WallSpan
from tests.kit.cells import DAY, QUARTER, SECONDS, cell_of

BERLIN = ZoneInfo("Europe/Berlin")
ENGLISH, GERMAN = (Times(LANGUAGES[language], BERLIN) for language in ("en", "de"))


def berlin(day: date, hour: int, minute: int = 0, *, fold: int = 0) -> int:
    return cell_of(datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN, fold=fold))


FRIDAY = date(2027, 8, 13)
FOLD, GAP = date(2026, 10, 25), date(2027, 3, 28)


def test_days_are_formatted_in_both_languages() -> None:
    assert [t.day(FRIDAY) for t in (ENGLISH, GERMAN)] == [
        "Friday, 13 August 2027",
        "Freitag, 13. August 2027",
    ]
    assert [t.short_day(FRIDAY) for t in (ENGLISH, GERMAN)] == ["Fri 13 Aug", "Fr., 13. Aug."]
    assert [t.month(FRIDAY) for t in (ENGLISH, GERMAN)] == ["August 2027", "August 2027"]
    assert [list(t.weekdays()) for t in (ENGLISH, GERMAN)] == [
        ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"],
        ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"],
    ]
    assert [t.weekday(4) for t in (ENGLISH, GERMAN)] == ["Friday", "Freitag"]
    assert ENGLISH.zone_city == "Berlin"


def test_a_slot_shows_its_day_and_both_ends() -> None:
    slot = TimeSpan(berlin(FRIDAY, 9, 15), berlin(FRIDAY, 9, 30))

    assert (
        ENGLISH.slot(slot)
        == f'<tg-time unix="{slot.start * SECONDS}">Friday, 13 August 2027, 09:15–09:30</tg-time>'
    )
    assert ENGLISH.short_slot(slot) == "Fri 13 Aug, 09:15"


def test_midnight_is_24_00_at_the_end_and_00_00_at_the_start() -> None:
    midnight = berlin(date(2027, 8, 14), 0)

    assert ENGLISH.span(TimeSpan(berlin(FRIDAY, 23), midnight)) == "23:00–24:00"
    assert ENGLISH.span(TimeSpan(midnight, midnight + QUARTER)) == "00:00–00:15"
    assert ENGLISH.span(TimeSpan(berlin(FRIDAY, 0), midnight)) == "00:00–24:00"
    assert ENGLISH.day_of(midnight) == date(2027, 8, 14)
    assert ENGLISH.day_of(midnight - 1) == FRIDAY


def test_only_the_repeated_hour_shows_the_zone() -> None:
    first = berlin(FOLD, 2)

    assert [ENGLISH.time(first + n) for n in (-3, 0, 9, 12, 21, 24)] == [
        "01:45",
        "02:00 CEST",
        "02:45 CEST",
        "02:00 CET",
        "02:45 CET",
        "03:00",
    ]


def test_the_skipped_hour_is_never_shown() -> None:
    last = berlin(GAP, 1, 45)

    assert [ENGLISH.time(last + n) for n in (0, 3, 6)] == ["01:45", "03:00", "03:15"]
    assert ENGLISH.span(TimeSpan(last, last + QUARTER)) == "01:45–03:00"


def test_moments_are_shown_in_the_persons_zone() -> None:
    moment = datetime(2027, 8, 13, 23, 5, tzinfo=UTC)

    assert ENGLISH.moment(moment) == f'<tg-time unix="{int(moment.timestamp())}">01:05</tg-time>'
    assert ">Sat 14 Aug, 01:05<" in ENGLISH.date_and_time(moment)
    assert ">Fri 13 Aug, 16:05<" in Times(
        LANGUAGES["en"], ZoneInfo("America/Los_Angeles")
    ).date_and_time(moment)


@pytest.mark.parametrize(
    ("length", "english", "german"),
    [
        (timedelta(minutes=30), "30 minutes", "30 Minuten"),
        (timedelta(minutes=1), "1 minute", "1 Minute"),
        (timedelta(hours=1), "1 hour", "1 Stunde"),
        (timedelta(hours=24), "24 hours", "24 Stunden"),
        (timedelta(days=2), "2 days", "2 Tage"),
        (timedelta(days=60), "60 days", "60 Tage"),
        (timedelta(seconds=20), "20 seconds", "20 Sekunden"),
        (timedelta(seconds=90), "90 seconds", "90 Sekunden"),
        (timedelta(minutes=90), "90 minutes", "90 Minuten"),
        (timedelta(0), "0 seconds", "0 Sekunden"),
    ],
)
def test_durations_are_whole_numbers_of_the_largest_unit(
    length: timedelta, english: str, german: str
) -> None:
    assert (ENGLISH.duration(length), GERMAN.duration(length)) == (english, german)


def test_lists_are_joined_as_in_the_language() -> None:
    assert ENGLISH.listed(["a", "b", "c"]) in {"a, b and c", "a, b, and c"}
    assert GERMAN.listed(["a", "b", "c"]) == "a, b und c"
    assert ENGLISH.listed(["a"]) == "a"


def test_wall_times_end_the_day_at_24_00() -> None:
    assert [wall_time(minutes) for minutes in (0, 495, 1439, 1440)] == [
        "00:00",
        "08:15",
        "23:59",
        "24:00",
    ]
    assert wall_span(WallSpan(480, 1440)) == "08:00–24:00"


@given(
    st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]
    ),
    st.integers(5_700_000, 6_300_000),
)
def test_no_two_cells_of_a_day_have_the_same_text(zone: str, start: int) -> None:
    times = Times(LANGUAGES["en"], ZoneInfo(zone))
    day = times.day_of(start)
    read = [times.time(c) for c in range(start - DAY, start + DAY) if times.day_of(c) == day]

    assert len(read) == len(set(read))
