from datetime import date

import pytest

from bot.parsing.core.results import HoursRead, Problem
from bot.parsing.hours.read_hours import format_day_hours, read_hours
from domain.timespan import WallSpan

TODAY = date(2026, 11, 23)  # A Monday.


def canonical(text: str, today: date = TODAY) -> str:
    read = read_hours(text, today=today)
    assert isinstance(read, HoursRead), read
    return format_day_hours(read)


def problem(text: str, today: date = TODAY) -> Problem:
    read = read_hours(text, today=today)
    assert isinstance(read, Problem), read
    return read


def notes(text: str, today: date = TODAY) -> dict[str, dict[str, object]]:
    read = read_hours(text, today=today)
    assert isinstance(read, HoursRead), read
    return {note.code: dict(note.values) for note in read.notes}


def suggested(found: Problem) -> list[str]:
    return [format_day_hours(one) for one in found.suggestions if isinstance(one, HoursRead)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Friday 13 August 8am-3pm", "2027-08-13 08:00-15:00"),
        ("Freitag, 13. August, 8-15 Uhr", "2027-08-13 08:00-15:00"),
        ("13.08. 8:00-15:00", "2027-08-13 08:00-15:00"),
        ("13.08. 8.00-15.00", "2027-08-13 08:00-15:00"),
        ("13.8.2027 von 8 bis 15 Uhr", "2027-08-13 08:00-15:00"),
        ("2026-12-01 08:00-15:00", "2026-12-01 08:00-15:00"),
        ("tomorrow 9-12 and 13-17", "2026-11-24 09:00-12:00, 13:00-17:00"),
        ("morgen 9–12 Uhr und 13–17 Uhr", "2026-11-24 09:00-12:00, 13:00-17:00"),
        ("morgen 9-12 u. 13-17", "2026-11-24 09:00-12:00, 13:00-17:00"),
        ("morgen 9-12 / 13-17 Uhr", "2026-11-24 09:00-12:00, 13:00-17:00"),
        ("Fri 9-12, 13-17, and 18-20", "2026-11-27 09:00-12:00, 13:00-17:00, 18:00-20:00"),
        ("8am-3pm on Friday", "2026-11-27 08:00-15:00"),
        ("9-12 am Freitag", "2026-11-27 09:00-12:00"),
        ("9-12 am 27.11.", "2026-11-27 09:00-12:00"),
        ("Fri: 9-12.", "2026-11-27 09:00-12:00"),
        ("- Fri 9-12", "2026-11-27 09:00-12:00"),
        ("Fri 8.10-12.10", "2026-11-27 08:10-12:10"),
        ("Fri 13.15-17", "2026-11-27 13:15-17:00"),
        ("Fri 13-15", "2026-11-27 13:00-15:00"),
        ("the 13th 9-12", "2026-12-13 09:00-12:00"),
        ("Fri 9:34-10:02", "2026-11-27 09:34-10:02"),
        ("Fri 0:00-24:00", "2026-11-27 00:00-24:00"),
        ("Fri 9-12, 11-14", "2026-11-27 09:00-14:00"),
        ("Fri 9-12 and 12-14", "2026-11-27 09:00-14:00"),
        ("Fri 9-10; friday 11-12", "2026-11-27 09:00-10:00, 11:00-12:00"),
    ],
)
def test_one_day_with_its_hours_is_read(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon-Fri 9-17 next week", "2026-11-30 - 2026-12-04 09:00-17:00"),
        ("Mon-Fri 9-17, next week", "2026-11-30 - 2026-12-04 09:00-17:00"),
        ("next week Mon-Fri 9-17", "2026-11-30 - 2026-12-04 09:00-17:00"),
        ("next week: Mon-Fri 9-17", "2026-11-30 - 2026-12-04 09:00-17:00"),
        ("weekdays 9-17 next week", "2026-11-30 - 2026-12-04 09:00-17:00"),
        ("werktags nächste Woche 9-17", "2026-11-30 - 2026-12-04 09:00-17:00"),
        ("Montag bis Freitag 9 bis 17 Uhr nächste Woche", "2026-11-30 - 2026-12-04 09:00-17:00"),
        ("from Monday to Friday from 9 to 17 next week", "2026-11-30 - 2026-12-04 09:00-17:00"),
        ("next week 9-12", "2026-11-30 - 2026-12-06 09:00-12:00"),
        ("in der nächsten Woche 9-12", "2026-11-30 - 2026-12-06 09:00-12:00"),
        ("täglich 9-12 nächste Woche", "2026-11-30 - 2026-12-06 09:00-12:00"),
        ("next week Sat-Mon 9-12", "2026-12-05 - 2026-12-07 09:00-12:00"),
        ("every day 9-12", "2026-11-23 - 2026-11-29 09:00-12:00"),
        ("weekend 9-12", "2026-11-28 - 2026-11-29 09:00-12:00"),
        ("am Wochenende 9-12", "2026-11-28 - 2026-11-29 09:00-12:00"),
        ("next weekend 9-12", "2026-12-05 - 2026-12-06 09:00-12:00"),
        ("13.08.-15.08. 9-12", "2027-08-13 - 2027-08-15 09:00-12:00"),
        ("13-15 August 9-12", "2027-08-13 - 2027-08-15 09:00-12:00"),
        ("13.-15. August 9-12", "2027-08-13 - 2027-08-15 09:00-12:00"),
        ("13.-15.08. 9-12", "2027-08-13 - 2027-08-15 09:00-12:00"),
        ("August 13-15 9-12", "2027-08-13 - 2027-08-15 09:00-12:00"),
        ("Fri 13 - Sun 15 August 9-12", "2027-08-13 - 2027-08-15 09:00-12:00"),
        ("vom 13. bis 15. August von 9 bis 12 Uhr", "2027-08-13 - 2027-08-15 09:00-12:00"),
        ("13., 14. und 15. August 9-12", "2027-08-13 - 2027-08-15 09:00-12:00"),
        ("13 and 14 August 9-12", "2027-08-13 - 2027-08-14 09:00-12:00"),
        ("1 Dec to 5 Dec 9-12", "2026-12-01 - 2026-12-05 09:00-12:00"),
        ("29 Dec - 2 Jan 9-12", "2026-12-29 - 2027-01-02 09:00-12:00"),
        ("1-5 Dec 2027 9-12", "2027-12-01 - 2027-12-05 09:00-12:00"),
        ("2026-12-01 - 2026-12-03 08:00-09:00", "2026-12-01 - 2026-12-03 08:00-09:00"),
        ("tomorrow-Friday 9-12", "2026-11-24 - 2026-11-27 09:00-12:00"),
        ("Tue to 1 Dec 9-12", "2026-11-24 - 2026-12-01 09:00-12:00"),
    ],
)
def test_a_range_of_days_is_read(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Mon, Wed and Fri 9-12",
            "2026-11-23 09:00-12:00\n2026-11-25 09:00-12:00\n2026-11-27 09:00-12:00",
        ),
        ("Mo/Mi 9-12 nächste Woche", "2026-11-30 09:00-12:00\n2026-12-02 09:00-12:00"),
        ("Tue & 1 Dec 9-12", "2026-11-24 09:00-12:00\n2026-12-01 09:00-12:00"),
        ("Di u. 1.12. 9-12", "2026-11-24 09:00-12:00\n2026-12-01 09:00-12:00"),
        ("Tue and 1 Dec 9-12", "2026-11-24 09:00-12:00\n2026-12-01 09:00-12:00"),
        (
            "Mon 9-12\nTue 13-17; Wed 8-9",
            "2026-11-23 09:00-12:00\n2026-11-24 13:00-17:00\n2026-11-25 08:00-09:00",
        ),
        (
            "Mon 9-12, Tue 13-17 and Wed 8-9",
            "2026-11-23 09:00-12:00\n2026-11-24 13:00-17:00\n2026-11-25 08:00-09:00",
        ),
        ("Mon 9-12 Wed 13-17", "2026-11-23 09:00-12:00\n2026-11-25 13:00-17:00"),
        (
            "weekdays 3-8 December 9-17",
            "2026-12-03 - 2026-12-04 09:00-17:00\n2026-12-07 - 2026-12-08 09:00-17:00",
        ),
        ("Mon and Wed 9-17 1.12.-8.12.", "2026-12-02 09:00-17:00\n2026-12-07 09:00-17:00"),
        ("\n\nFri 9-12\n\n", "2026-11-27 09:00-12:00"),
    ],
)
def test_several_days_and_statements_are_read(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "every monday 9-5",
            "jeden Montag 9-17",
            "mondays 9-12",
            "Montags 9-12",
            "9-12 on Tuesdays",
            "each Fri 9-12",
        ),
        *(
            "Mon-Fri 9-17 every week",
            "Mo 9-12 jede Woche",
            "weekly Mon 9-12",
            "every monday",
            "Fri 9-12; mondays 9-12",
        ),
    ],
)
def test_weekly_hours_are_a_problem_of_their_own(text: str) -> None:
    assert problem(text) == Problem("no_repeat")


@pytest.mark.parametrize(
    "text", ["every day 9-12", "jeden Tag 9-12", "weekdays 9-12", "werktags 9-12"]
)
def test_every_day_of_one_week_is_not_weekly(text: str) -> None:
    assert canonical(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9-12", "2026-11-26 - 2026-11-27 09:00-12:00"),
        ("9-12 and 13-17", "2026-11-26 - 2026-11-27 09:00-12:00, 13:00-17:00"),
        ("9-12\n11-14", "2026-11-26 - 2026-11-27 09:00-14:00"),
        ("Sat 9-12", "2026-11-28 09:00-12:00"),
    ],
)
def test_hours_alone_apply_to_the_given_days(text: str, expected: str) -> None:
    read = read_hours(text, today=TODAY, days=[date(2026, 11, 26), date(2026, 11, 27)])
    assert isinstance(read, HoursRead)
    assert format_day_hours(read) == expected


@pytest.mark.parametrize("text", ["Friday", "soon", "9", ""])
def test_given_days_do_not_apply_to_text_without_hours(text: str) -> None:
    assert read_hours(text, today=TODAY, days=[date(2026, 11, 26)]) == problem(text)


@pytest.mark.parametrize(
    ("text", "day"), [("yesterday 9-12", 22), ("gestern 9-12", 22), ("vorgestern", 21)]
)
def test_past_days_are_a_problem_that_names_the_day(text: str, day: int) -> None:
    assert problem(text) == Problem("day_in_past", {"day": date(2026, 11, day)})


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 23), "2026-11-23 - 2026-11-27 09:00-17:00"),
        (date(2026, 11, 25), "2026-11-25 - 2026-11-27 09:00-17:00"),
        (date(2026, 11, 27), "2026-11-27 09:00-17:00"),
        (date(2026, 11, 28), "2026-11-30 - 2026-12-04 09:00-17:00"),
    ],
)
def test_a_range_of_weekdays_is_the_next_one_not_over_with_a_note_of_its_dates(
    today: date, expected: str
) -> None:
    read = read_hours("Mon-Fri 9:00-17:00", today=today)
    assert isinstance(read, HoursRead)
    assert format_day_hours(read) == expected
    meant = next(note for note in read.notes if note.code == "days_meant")
    assert meant.values == {
        "first": read.days[0][0],
        "last": read.days[-1][0],
        "count": len(read.days),
    }


def test_a_range_that_has_begun_starts_today_with_a_note() -> None:
    assert canonical("20-25 November 9-12") == "2026-11-23 - 2026-11-25 09:00-12:00"
    left_out = {"first": date(2026, 11, 20), "start": TODAY, "last": date(2026, 11, 25)}
    assert notes("20-25 November 9-12")["past_days_left_out"] == left_out


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Fri 8-11", {"hours_24h"}),
        ("Fri 8-15", set()),
        ("Fri 8:00-15:00", set()),
        ("Fri 8-15 Uhr", set()),
        ("Fri 8-3pm", {"meridiem_shared"}),
        ("Fri 8am-3pm", set()),
        ("1 Aug 8am-3pm", {"next_year"}),
        ("1 Aug 2027 8am-3pm", set()),
        ("Mon 8am-3pm", {"weekday_means_today"}),
        ("next Mon 8am-3pm", {"next_means_next_week"}),
        ("next week Mon 8am-3pm", set()),
        ("8/9/2027 8am-3pm", {"day_before_month"}),
        ("weekend 8am-3pm", {"days_meant"}),
        ("next weekend 8am-3pm", {"days_meant", "next_means_next_week"}),
    ],
)
def test_assumptions_are_noted(text: str, codes: set[str]) -> None:
    assert set(notes(text)) == codes


def test_hours_read_on_the_24_hour_clock_share_one_note() -> None:
    spans = (WallSpan(540, 600), WallSpan(660, 720))
    assert notes("Fri 9-10, 11-12, 13-17; Sat 9-10")["hours_24h"] == {"spans": spans}


@pytest.mark.parametrize(
    ("text", "code", "values"),
    [
        ("", "not_understood", {"text": ""}),
        (" \n ; ", "not_understood", {"text": ""}),
        ("foo bar", "not_understood", {"text": "foo bar"}),
        ("Fri 9-12 maybe", "not_understood", {"text": "maybe"}),
        ("Fri 9-12 etc. 13-17", "not_understood", {"text": "etc. 13-17"}),
        ("Mondays 9-12", "no_repeat", {}),
        ("Fri 9-12\nsometimes", "not_understood", {"text": "sometimes"}),
        ("Fri 9-12 Sat", "no_hours", {}),
        ("Friday and Monday", "no_hours", {"days": (date(2026, 11, 27), date(2026, 11, 23))}),
        ("13-15 August", "no_hours", {"days": tuple(date(2027, 8, day) for day in (13, 14, 15))}),
        ("Friday; Saturday", "no_hours", {}),
        ("Friday Saturday", "no_hours", {}),
        ("31.2.2027", "no_such_day", {"day": 31, "month": 2, "year": 2027}),
        ("9-12", "no_day", {}),
        ("9-12, 13-17", "no_day", {}),
        ("Fri at 9", "no_end", {"text": "9"}),
        ("Fri 9-9", "empty_span", {"start": 540, "end": 540}),
        ("Fri 13pm-3pm", "no_such_time", {"text": "13pm"}),
        ("Fri 9-25", "no_such_time", {"text": "25"}),
        ("31 Feb 9-12", "no_such_day", {"day": 31, "month": 2, "year": None}),
        ("1.1.2020 9-12", "day_in_past", {"day": date(2020, 1, 1)}),
        ("2026-11-20 - 2026-11-30 9-12", "day_in_past", {"day": date(2026, 11, 20)}),
        ("2026-01-01 - 2026-02-01 9-12", "day_in_past", {"day": date(2026, 1, 1)}),
        (
            "5-3 December 9-12",
            "days_reversed",
            {"first": date(2026, 12, 5), "last": date(2026, 12, 3)},
        ),
        (
            "2026-12-05 - 2026-12-03 9-12",
            "days_reversed",
            {"first": date(2026, 12, 5), "last": date(2026, 12, 3)},
        ),
        ("2026-12-01 - 2028-01-05 9-12", "too_many_days", {"count": 401, "most": 400}),
        (
            "2026-12-01 - 2027-12-31 9-12; 2028-01-01 - 2028-01-05 9-12",
            "too_many_days",
            {"count": 401, "most": 400},
        ),
        (
            "weekend 1.12.-3.12. 9-12",
            "no_such_weekday",
            {"first": date(2026, 12, 1), "last": date(2026, 12, 3)},
        ),
        ("x" * 1001, "too_long", {"length": 1001, "most": 1000}),
        ("13 August next week 9-12", "no_hours", {}),
    ],
)
def test_other_text_is_a_problem_with_a_code_and_values(
    text: str, code: str, values: dict[str, object] | None
) -> None:
    found = problem(text)
    assert found.code == code
    assert values is None or found.values == values
    assert found.suggestions == ()


def test_four_hundred_days_at_once_are_allowed() -> None:
    read = read_hours("2026-12-01 - 2028-01-04 9-12", today=TODAY)
    assert isinstance(read, HoursRead)
    assert len(read.days) == 400


def test_an_end_before_its_start_suggests_the_afternoon() -> None:
    found = problem("Fri 9-5, Sat 10:30-4")
    assert (found.code, found.values) == ("end_before_start", {"start": 540, "end": 300})
    assert suggested(found) == ["2026-11-27 09:00-17:00\n2026-11-28 10:30-16:00"]


@pytest.mark.parametrize("text", ["Fri 10pm-2am", "Fri 22:00-14:00", "Fri 17-3"])
def test_an_end_before_its_start_suggests_nothing_if_twelve_hours_do_not_help(
    text: str,
) -> None:
    found = problem(text)
    assert (found.code, found.suggestions) == ("end_before_start", ())


def test_a_contradicting_weekday_suggests_both_complete_interpretations() -> None:
    found = problem("Friday 14 August 9-12; Mon 8-9")
    assert (found.code, found.values) == (
        "weekday_contradicts",
        {"weekday": 4, "day": date(2027, 8, 14)},
    )
    assert suggested(found) == [
        "2026-11-23 08:00-09:00\n2027-08-14 09:00-12:00",
        "2026-11-23 08:00-09:00\n2027-08-13 09:00-12:00",
    ]


def test_an_ambiguous_text_suggests_its_interpretations() -> None:
    found = problem("Mon-Fri 9-17 next week Sat 9-12")
    assert (found.code, found.values) == ("several_meanings", {"count": 2})
    assert sorted(suggested(found)) == [
        "2026-11-23 - 2026-11-27 09:00-17:00\n2026-12-05 09:00-12:00",
        "2026-11-28 09:00-12:00\n2026-11-30 - 2026-12-04 09:00-17:00",
    ]


def test_repeated_hours_are_merged() -> None:
    once = read_hours("Fri 9:00-12:00", today=TODAY)
    assert read_hours("Fri 9:00-12:00\nFri 9:00-12:00", today=TODAY) == once
