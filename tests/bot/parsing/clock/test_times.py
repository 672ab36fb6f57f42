import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.clock.read_times import read_span, read_time
from bot.parsing.core.results import Note, Problem, SpanRead, TimeRead
from domain.timespan import WallSpan


@pytest.mark.parametrize(
    ("text", "minutes", "has_meridiem", "is_explicit"),
    [
        ("9:15", 555, False, True),
        ("09.15", 555, False, True),
        ("9h15", 555, False, True),
        ("9h", 540, False, True),
        ("9", 540, False, False),
        ("at 9", 540, False, False),
        ("um 9 Uhr", 540, False, True),
        ("9am", 540, True, True),
        ("9:30 a.m.", 570, True, True),
        ("3 pm", 900, True, True),
        ("3 P.M.", 900, True, True),
        ("15 Uhr", 900, False, True),
        ("9 Uhr 30", 570, False, True),
        ("9 o'clock", 540, False, True),
        ("9 o’clock", 540, False, True),
        ("noon", 720, True, True),
        ("Mittag", 720, True, True),
        ("midnight", 0, True, True),
        ("Mitternacht", 0, True, True),
        ("12am", 0, True, True),
        ("12pm", 720, True, True),
        ("12:30am", 30, True, True),
        ("0:00", 0, False, True),
        ("24:00", 1440, False, True),
        ("23:59", 1439, False, True),
    ],
)
def test_a_time_of_day_is_read(
    text: str, minutes: int, has_meridiem: bool, is_explicit: bool
) -> None:
    assert read_time(text) == TimeRead(minutes, has_meridiem, is_explicit)


@pytest.mark.parametrize("text", ["13pm", "0am", "25:00", "24:01", "9:60", "99"])
def test_an_impossible_time_is_a_problem(text: str) -> None:
    assert read_time(text) == Problem("no_such_time", {"text": text})


@pytest.mark.parametrize(
    "text", ["", "nine", "9:5", "9:", "900", "9-12", "9 12", "-9", ":30", "9am pm"]
)
def test_other_text_is_not_understood_as_a_time(text: str) -> None:
    read = read_time(text)
    assert isinstance(read, Problem)
    assert read.code == "not_understood"


def test_a_text_that_is_too_long_is_a_problem() -> None:
    expected = Problem("too_long", {"length": 501, "most": 500})
    assert (read_time("9" * 501), read_span("9" * 501)) == (expected, expected)


@pytest.mark.parametrize(
    ("text", "start", "end", "code"),
    [
        ("8am-3pm", 480, 900, None),
        ("8:00-15:00", 480, 900, None),
        ("8:00–15:00", 480, 900, None),
        ("8:00 — 15:00", 480, 900, None),
        ("8.00\u221215.00", 480, 900, None),
        ("von 8 bis 15 Uhr", 480, 900, None),
        ("8-15 Uhr", 480, 900, None),
        ("9:34-10:02", 574, 602, None),
        ("8-11", 480, 660, "hours_24h"),
        ("8-15", 480, 900, None),
        ("from 8 to 11", 480, 660, "hours_24h"),
        ("from 8 to 15", 480, 900, None),
        ("8:00-11", 480, 660, "hours_24h"),
        ("8:00-15", 480, 900, None),
        ("8 - noon", 480, 720, "hours_24h"),
        ("08-11pm", 480, 1380, "hours_24h"),
        ("13-3pm", 780, 900, None),
        ("8-3pm", 480, 900, "meridiem_shared"),
        ("8:30-3pm", 510, 900, "meridiem_shared"),
        ("8-11pm", 1200, 1380, "meridiem_shared"),
        ("8-11am", 480, 660, "meridiem_shared"),
        ("9-12pm", 540, 720, "meridiem_shared"),
        ("11-1pm", 660, 780, "meridiem_shared"),
        ("12-3pm", 720, 900, "meridiem_shared"),
        ("8-8pm", 480, 1200, "meridiem_shared"),
        ("8am-3", 480, 900, "meridiem_shared"),
        ("8am-11", 480, 660, "meridiem_shared"),
        ("9pm-12", 1260, 1440, "meridiem_shared"),
        ("10pm-midnight", 1320, 1440, None),
        ("22:00-00:00", 1320, 1440, None),
        ("22:00-24:00", 1320, 1440, None),
        ("noon-midnight", 720, 1440, None),
        ("midnight to noon", 0, 720, None),
        ("0:00-24:00", 0, 1440, None),
    ],
)
def test_a_time_range_is_read_with_a_note_of_the_assumption(
    text: str, start: int, end: int, code: str | None
) -> None:
    span = WallSpan(start, end)
    assert read_span(text) == SpanRead(span, (Note(code, {"spans": (span,)}),) if code else ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9-5", Problem("end_before_start", {"start": 540, "end": 300})),
        ("10pm-2am", Problem("end_before_start", {"start": 1320, "end": 120})),
        ("9-9", Problem("empty_span", {"start": 540, "end": 540})),
        ("24:00-24:00", Problem("empty_span", {"start": 1440, "end": 1440})),
        ("9-13pm", Problem("no_such_time", {"text": "13pm"})),
        ("9-12 maybe", Problem("not_understood", {"text": "maybe"})),
    ],
)
def test_an_impossible_time_range_is_a_problem_with_its_values(
    text: str, expected: Problem
) -> None:
    assert read_span(text) == expected


@given(st.integers(0, 1439))
def test_every_minute_is_read_on_the_24_hour_and_12_hour_clock(minutes: int) -> None:
    hour, minute = divmod(minutes, 60)
    twelve = f"{hour % 12 or 12}:{minute:02} {'pm' if hour >= 12 else 'am'}"
    assert read_time(f"{hour:02}:{minute:02}") == TimeRead(
        minutes, has_meridiem=False, is_explicit=True
    )
    assert read_time(twelve) == TimeRead(minutes, has_meridiem=True, is_explicit=True)


PARTS = st.sampled_from(
    (
        "9",
        "12",
        "0",
        "24",
        "15",
        "30",
        ":",
        ".",
        "-",
        "am",
        "pm",
        "Uhr",
        "h",
        " ",
        "noon",
        "to",
        "bis",
        "midnight",
        "99",
    )
)


@given(st.one_of(st.text(max_size=40), st.lists(PARTS, max_size=8).map("".join)))
def test_no_text_raises(text: str) -> None:
    time, span = read_time(text), read_span(text)
    assert isinstance(time, Problem) or 0 <= time.minutes <= 1440
    assert isinstance(span, SpanRead | Problem)
