from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.core.results import DayRead, Problem
from bot.parsing.dates.read_days import read_day

TODAY = date(2026, 11, 23)  # A Monday.
DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))
ENGLISH = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
GERMAN = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")


def day_of(text: str, today: date = TODAY) -> date:
    read = read_day(text, today=today)
    assert isinstance(read, DayRead), read
    return read.day


def codes(text: str, today: date = TODAY) -> list[str]:
    read = read_day(text, today=today)
    assert isinstance(read, DayRead), read
    return [note.code for note in read.notes]


def problem(text: str, today: date = TODAY) -> Problem:
    read = read_day(text, today=today)
    assert isinstance(read, Problem), read
    return read


def days_from(start: date) -> Iterator[date]:
    return (start + timedelta(number) for number in range(8 * 366 + 1))


@pytest.mark.parametrize(
    "text",
    [
        "13 Aug", "13. August", "Aug 13", "August 13th", "13.08.", "13.8.", "13.08", "13. 8.",
        "13/8", "13/08/2027", "13.8.2027", "8/13", "08/13/2027",
        "13.08.27",
        "13th of August", "the 13th of August", "13 AUG.", "Aug. 13, 2027", "2027-08-13",
        "Friday 13 August", "Fr., 13.08.", "Fr 13.8.",
        "on 13 August", "am 13. August", "Freitag, den 13. August", "freitag 13.8.2027",
        " 13  aug ", "１３ Aug", "13\u00a0Aug",
        "Friday, August 13",
    ],
)  # fmt: skip
def test_a_date_is_read_in_every_common_form(text: str) -> None:
    assert day_of(text) == date(2027, 8, 13)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", date(2026, 11, 23)),
        ("heute", date(2026, 11, 23)),
        ("tomorrow", date(2026, 11, 24)),
        ("morgen", date(2026, 11, 24)),
        ("day after tomorrow", date(2026, 11, 25)),
        ("the day after tomorrow", date(2026, 11, 25)),
        ("Übermorgen", date(2026, 11, 25)),
        ("friday", date(2026, 11, 27)),
        ("fri", date(2026, 11, 27)),
        ("Fr.", date(2026, 11, 27)),
        ("on Friday", date(2026, 11, 27)),
        ("am Freitag", date(2026, 11, 27)),
        ("this friday", date(2026, 11, 27)),
        ("diesen Freitag", date(2026, 11, 27)),
        ("next friday", date(2026, 12, 4)),
        ("nächsten Freitag", date(2026, 12, 4)),
        ("Friday next week", date(2026, 12, 4)),
        ("Freitag nächste Woche", date(2026, 12, 4)),
        ("nächste Woche Freitag", date(2026, 12, 4)),
        ("the 13th", date(2026, 12, 13)),
        ("13th", date(2026, 12, 13)),
        ("13.", date(2026, 12, 13)),
        ("am 13.", date(2026, 12, 13)),
        ("the 23rd", date(2026, 11, 23)),
        ("the 31st", date(2026, 12, 31)),
        ("2026-12-01", date(2026, 12, 1)),
        ("3. März", date(2027, 3, 3)),
        ("3 Mrz", None),
        ("3. Mär", date(2027, 3, 3)),
        ("1. Dez.", date(2026, 12, 1)),
        ("15 Sept", date(2027, 9, 15)),
        ("23 November", date(2026, 11, 23)),
        ("22 November", date(2027, 11, 22)),
        ("29 Feb", date(2028, 2, 29)),
    ],
)
def test_a_day_is_relative_to_the_given_date(text: str, day: date | None) -> None:
    read = read_day(text, today=TODAY)
    assert (read.day if isinstance(read, DayRead) else None) == day


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8/9", ["next_year", "day_before_month"]),
        ("8/9/2027", ["day_before_month"]),
        ("9/9/2027", []),
        ("13/8/2027", []),
        ("8/13/2027", []),
        ("1 Dec", []),
        ("13 Aug", ["next_year"]),
        ("13 Aug 2027", []),
        ("monday", ["weekday_means_today"]),
        ("friday", []),
        ("next friday", ["next_means_next_week"]),
        ("friday next week", []),
        ("29 Feb", ["next_year"]),
    ],
)
def test_assumptions_are_noted(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("31 Feb", "no_such_day"),
        ("31.2.2027", "no_such_day"),
        ("29 Feb 2027", "no_such_day"),
        ("13/13", "no_such_day"),
        ("8/32", "no_such_day"),
        ("8.13.", "no_such_day"),
        ("0 May", "no_such_day"),
        ("the 32nd", "no_such_day"),
        ("1.1.2020", "day_in_past"),
        ("2026-11-22", "day_in_past"),
        ("22 November 2026", "day_in_past"),
        ("", "not_understood"),
        ("   ", "not_understood"),
        ("13", "not_understood"),
        ("soon", "not_understood"),
        ("13 Aug please", "not_understood"),
        ("Mon-Fri", "not_understood"),
        ("13 and 14 August", "not_understood"),
        ("13 Aug 9-12", "not_understood"),
        ("1" * 400, "not_understood"),
        ("x" * 501, "too_long"),
        ("\ufdfa" * 100, "too_long"),
    ],
)
def test_other_text_is_a_problem_with_a_code(text: str, code: str) -> None:
    assert problem(text).code == code


def test_the_part_that_was_not_understood_is_quoted_and_short() -> None:
    assert problem("13 Aug please").values == {"text": "please"}
    assert problem("x" * 400).values == {"text": "x" * 60}


def test_a_contradicting_weekday_suggests_the_date_and_the_nearest_such_weekday() -> None:
    found = problem("Friday 14 August")
    assert (found.code, found.values) == (
        "weekday_contradicts",
        {"weekday": 4, "day": date(2027, 8, 14)},
    )
    assert found.suggestions == (date(2027, 8, 14), date(2027, 8, 13))


def test_a_suggested_weekday_is_never_past() -> None:
    assert problem("Sunday 24 November").suggestions == (date(2026, 11, 24), date(2026, 11, 29))


def test_a_weekday_near_the_end_of_the_calendar_is_still_suggested() -> None:
    assert problem("Monday 31.12.9999").suggestions == (date(9999, 12, 31), date(9999, 12, 27))


def test_this_monday_is_past_on_a_tuesday() -> None:
    assert problem("this monday", date(2026, 11, 24)).code == "day_in_past"


@given(DAYS, st.integers(0, 6), st.sampled_from((ENGLISH, GERMAN)))
def test_a_weekday_alone_is_the_next_such_day_from_today(
    today: date, weekday: int, names: tuple[str, ...]
) -> None:
    assert day_of(names[weekday], today) == next(
        day for day in days_from(today) if day.weekday() == weekday
    )


@given(DAYS, st.integers(0, 6))
def test_next_weekday_is_in_the_iso_week_after_this_one(today: date, weekday: int) -> None:
    found = day_of(f"next {ENGLISH[weekday]}", today)
    assert found.weekday() == weekday
    assert found.isocalendar()[:2] == (today + timedelta(7)).isocalendar()[:2]


@given(DAYS, st.integers(1, 31), st.integers(1, 12))
def test_a_date_without_a_year_is_the_next_such_day_from_today(
    today: date, number: int, month: int
) -> None:
    expected = next(
        (day for day in days_from(today) if (day.day, day.month) == (number, month)), None
    )
    read = read_day(f"{number}.{month}.", today=today)
    assert (read.day if isinstance(read, DayRead) else None) == expected


@given(DAYS, st.integers(1, 31))
def test_a_number_alone_is_the_next_such_day_of_a_month_from_today(
    today: date, number: int
) -> None:
    assert day_of(f"the {number}th", today) == next(
        day for day in days_from(today) if day.day == number
    )


@given(DAYS, DAYS)
def test_a_full_date_is_that_day_or_past(today: date, day: date) -> None:
    read = read_day(day.isoformat(), today=today)
    assert read == (DayRead(day) if day >= today else Problem("day_in_past", {"day": day}))


WORDS = st.sampled_from(
    (
        "13",
        "31",
        "2",
        "2027",
        "Feb",
        "Aug",
        "friday",
        "fr",
        ".",
        "/",
        "-",
        ",",
        "next",
        "week",
        "the",
        "th",
        "am",
        "today",
    )
)


@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(WORDS, max_size=8).map(" ".join),
        st.lists(WORDS, max_size=8).map("".join),
    ),
    DAYS,
)
def test_no_text_raises_and_no_day_is_before_today(text: str, today: date) -> None:
    read = read_day(text, today=today)
    assert isinstance(read, Problem) or read.day >= today
