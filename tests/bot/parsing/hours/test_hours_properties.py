import sys
from datetime import date, timedelta
from itertools import pairwise
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.core.results import HoursRead, Problem
from bot.parsing.hours.read_hours import format_day_hours, read_hours
from domain.timespan import DAY_MINUTES, WallSpan

DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))
CODES = {
    "days_reversed", "day_in_past", "empty_span", "end_before_start", "no_day", "no_end",
    "no_hours", "no_repeat", "no_such_day",
    "no_such_time", "no_such_weekday", "not_understood", "several_meanings", "too_long",
    "too_many_days", "weekday_contradicts",
}  # fmt: skip
WORDS = (
    "Mon", "Freitag", "fri", "13", "9", "12", "31", "2", "9-12", "13-17", "8:00-15:00",
    "8am-3pm", "13.08.", "8.10", "2026-12-01", "13/8",
    "August", "Feb", "Dec", "2027", "next", "week", "nächste", "Woche", "this", "weekend",
    "weekdays", "every", "day", "today", "morgen",
    "and", "und", ",", "-", "bis", "to", "from", "am", "pm", "Uhr", "at", "the", "th", ".", ":",
    "/", ";", "\n", "noon", "midnight", "x",
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=80),
    st.text("0123456789-:.,/ amprifonteu\n", max_size=40),
    st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=10).map("".join),
)


@st.composite
def day_hours(draw: st.DrawFn, today: date) -> tuple[tuple[date, tuple[WallSpan, ...]], ...]:
    numbers = draw(st.sets(st.integers(0, 40), min_size=1, max_size=12))
    return tuple((today + timedelta(number), draw(spans())) for number in sorted(numbers))


@st.composite
def spans(draw: st.DrawFn) -> tuple[WallSpan, ...]:
    edges = sorted(draw(st.sets(st.integers(0, DAY_MINUTES), min_size=2, max_size=6)))
    return tuple(WallSpan(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False))


def is_ordered(read: HoursRead, today: date) -> bool:
    days = [day for day, _ in read.days]
    apart = all(a.end < b.start for _, of_day in read.days for a, b in pairwise(of_day))
    return (
        bool(days)
        and days == sorted(set(days))
        and days[0] >= today
        and apart
        and all(of_day for _, of_day in read.days)
    )


@given(TEXTS, DAYS)
def test_any_text_gives_ordered_hours_or_a_problem_with_a_known_code(
    text: str, today: date
) -> None:
    read = read_hours(text, today=today)
    readings = (
        [one for one in read.suggestions if isinstance(one, HoursRead)]
        if isinstance(read, Problem)
        else [read]
    )
    assert all(is_ordered(one, today) for one in readings)
    assert isinstance(read, HoursRead) or read.code in CODES


@given(st.data(), DAYS)
def test_the_canonical_form_reads_back_as_the_same_hours_without_a_note(
    data: st.DataObject, today: date
) -> None:
    hours = HoursRead(data.draw(day_hours(today)))
    text = format_day_hours(hours)
    read = read_hours(text, today=today)
    assert read == (
        hours if len(text) <= 1000 else Problem("too_long", {"length": len(text), "most": 1000})
    )


@given(TEXTS, DAYS)
def test_every_result_reads_back_from_its_canonical_form(text: str, today: date) -> None:
    read = read_hours(text, today=today)
    if isinstance(read, HoursRead):
        again = read_hours(format_day_hours(read), today=today)
        assert again == HoursRead(read.days)


@given(st.integers(0, 6), st.integers(0, 6), DAYS)
def test_a_range_of_weekdays_is_the_rest_of_the_first_one_not_over(
    first: int, last: int, today: date
) -> None:
    names = ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")
    read = read_hours(f"{names[first]}-{names[last]} 9:00-12:00", today=today)
    assert isinstance(read, HoursRead)
    around = [today + timedelta(number) for number in range(-7, 15)]
    runs = [
        [start + timedelta(number) for number in range((last - first) % 7 + 1)]
        for start in around
        if start.weekday() == first
    ]  # fmt: skip
    expected = next(run for run in runs if run[-1] >= today)
    assert [day for day, _ in read.days] == [day for day in expected if day >= today]


@given(DAYS, st.integers(1, 28), st.integers(1, 12), st.integers(0, 27))
def test_a_range_of_dates_ends_with_the_next_such_date_from_today(
    today: date, number: int, month: int, length: int
) -> None:
    last = min(28, number + length)
    read = read_hours(f"{number}.{month}.-{last}.{month}. 9:00-12:00", today=today)
    assert isinstance(read, HoursRead)
    ends = (today + timedelta(count) for count in range(367))
    end = next(day for day in ends if (day.day, day.month) == (last, month))
    expected = [end - timedelta(count) for count in range(last - number, -1, -1)]
    assert [day for day, _ in read.days] == [day for day in expected if day >= today]


def calls_made(text: str) -> int:
    calls = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        read_hours(text, today=date(2026, 11, 23))
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize(
    "piece",
    ["1-2,", "mo,", "mo 1-2 ", "mo 1-2 next week ", "13.-14.,", "1-2,3-4 am 5 ",
    "mo-fr 9-17 1.12.-24.12. ",
        "1 ", "13. ", "the ", "9-12 13 aug ", "mo,1-2,"],
)  # fmt: skip
def test_the_work_grows_with_the_text_and_not_with_its_ambiguity(piece: str) -> None:
    half, whole = (calls_made((piece * 1000)[:length] + " ?") for length in (490, 980))
    assert whole < 3.5 * half
    assert whole < 2_000_000
