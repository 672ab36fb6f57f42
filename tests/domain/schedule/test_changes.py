"""Changes of a schedule: they touch the dates they are about, and leave the old one as it was."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.schedule.dated_changes import (
    Change,
    add_dated,
    add_time_off,
    change_between,
    close_dates,
    copy_date,
    entries_on,
    follow_week,
    remove_time_off,
    replace_dated,
)
from domain.schedule.expansion import expand, hours_on, restricted_on
from domain.schedule.hours import Hours, joined
from domain.schedule.model import Dated, Schedule, TimeOff
from domain.schedule.weekly_changes import (
    Validity,
    WeeklyHours,
    add_weekly,
    clear_weekly,
    copy_weekday,
    replace_weekly,
)
from tests.domain.schedule.building import (
    BERLIN,
    FRI,
    HAIRCUT,
    MASSAGE,
    MON,
    MONDAY,
    THU,
    TUE,
    TUESDAY,
    WED,
    hours,
    weekly,
)
from tests.domain.schedule.random_cases import draw_case

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
JULY = date(2026, 7, 1)
NEAR = [MONDAY + n * DAY for n in range(-50, 51)]
MINUTE = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp()) // 60
ALL_DAYS = frozenset(range(7))

schedules = st.randoms(use_true_random=False).map(
    lambda rng: draw_case(rng, "Europe/Berlin", MINUTE).schedule
)
weekdays = st.frozensets(st.integers(0, 6), min_size=1)
some_hours = st.lists(
    st.tuples(st.integers(0, 95), st.integers(1, 48)).map(
        lambda pair: Hours(pair[0] * 15, min((pair[0] + pair[1]) * 15, 2160))
    ),
    max_size=3,
).map(tuple)
near = st.sampled_from(NEAR)
close = st.sampled_from(NEAR[47:54])  # Around the entries that are drawn.
services = st.sampled_from([None, 1, 2])
validities = st.builds(
    lambda first, length: Validity(first, None if length < 0 else first + length * DAY),
    near,
    st.integers(-10, 40),
)
entered = st.builds(WeeklyHours, weekdays, some_hours, validities, services)


def on_date(schedule: Schedule, day: date, *services: int | None) -> tuple[Hours, ...]:
    """Return the hours that begin on a date for some services, or for all."""
    return joined(
        each for service, each in hours_on(schedule, day) if not services or service in services
    )


def without_dated(schedule: Schedule) -> Schedule:
    return follow_week(schedule, [entry.day for entry in schedule.dated])


def applies(change: WeeklyHours, day: date) -> bool:
    first, last = change.validity.first or date.min, change.validity.last or date.max
    return day.weekday() in change.weekdays and first <= day <= last


@given(schedules, entered)
def test_replaced_weekly_hours_are_exactly_the_new_ones_on_their_dates(
    drawn: Schedule, change: WeeklyHours
) -> None:
    before = without_dated(drawn)
    after = replace_weekly(before, change)

    for day in NEAR:
        others = {None, 1, 2} - {change.service}
        assert on_date(after, day, *others) == on_date(before, day, *others)
        assert on_date(after, day, change.service) == (
            joined(change.hours) if applies(change, day) else on_date(before, day, change.service)
        )
    assert replace_weekly(after, change) == after


@given(schedules, entered)
def test_added_weekly_hours_come_to_those_there_are(drawn: Schedule, change: WeeklyHours) -> None:
    before = without_dated(drawn)
    after = add_weekly(before, change)

    for day in NEAR:
        old = on_date(before, day, change.service)
        assert on_date(after, day, change.service) == (
            joined((*old, *change.hours)) if applies(change, day) else old
        )
    assert add_weekly(after, change) == after


@given(schedules, weekdays, validities)
def test_cleared_weekdays_have_no_hours_on_their_dates(
    drawn: Schedule, days: frozenset[int], validity: Validity
) -> None:
    before = without_dated(drawn)
    after = clear_weekly(before, days, validity)
    change = WeeklyHours(days, (), validity)

    for day in NEAR:
        assert on_date(after, day) == (() if applies(change, day) else on_date(before, day))


@given(schedules, st.integers(0, 6), weekdays, near)
def test_copied_weekdays_have_the_hours_of_the_other(
    drawn: Schedule, source: int, targets: frozenset[int], first: date
) -> None:
    before = without_dated(drawn)
    after = copy_weekday(before, source, targets, first)
    monday = first + (7 - first.weekday()) * DAY
    weeks = [monday + n * WEEK for n in range(4)]
    limits = {rule.valid_from for rule in before.weekly} | {r.valid_until for r in before.weekly}

    for start in weeks:
        copied = start + source * DAY
        for day in (start + weekday * DAY for weekday in targets):
            between = range(min(day, copied).toordinal() - 1, max(day, copied).toordinal() + 1)
            # A rule may come into force or end between the two.
            if not any(limit and limit.toordinal() in between for limit in limits):
                for service in (None, 1, 2):
                    assert on_date(after, day, service) == on_date(before, copied, service)
    for day in NEAR:
        if day < first or day.weekday() not in targets:
            assert on_date(after, day) == on_date(before, day)


@given(schedules, close, some_hours, services)
def test_replaced_dates_have_exactly_the_new_hours(
    before: Schedule, day: date, texts: tuple[Hours, ...], service: int | None
) -> None:
    after = replace_dated(before, day, texts, service)

    assert on_date(after, day, service) == joined(texts)
    others = {None, 1, 2} - {service}
    assert on_date(after, day, *others) == (
        () if service is None else on_date(before, day, *others)
    )
    assert all(hours_on(after, each) == hours_on(before, each) for each in NEAR if each != day)
    assert replace_dated(after, day, texts, service) == after


@given(schedules, close, some_hours, services)
def test_added_dated_hours_come_to_those_there_are(
    before: Schedule, day: date, texts: tuple[Hours, ...], service: int | None
) -> None:
    after = add_dated(before, day, texts, service)

    for each in NEAR:
        new = texts if each == day else ()
        old = on_date(before, each, service)
        assert on_date(after, each, service) == joined((*old, *new))
        assert restricted_on(after, each) == restricted_on(before, each)
    assert add_dated(after, day, texts, service) == after


@given(schedules, close, st.frozensets(close, max_size=4))
def test_copied_dates_have_the_hours_of_the_other(
    before: Schedule, source: date, targets: frozenset[date]
) -> None:
    after = copy_date(before, source, targets)

    for day in NEAR:
        for service in (None, 1, 2):
            copied = source if day in targets else day
            assert on_date(after, day, service) == on_date(before, copied, service)
    for day in targets:
        of_week = restricted_on(follow_week(before, [day]), day) if day != source else set()
        assert restricted_on(after, day) == restricted_on(before, source) | of_week
    assert copy_date(after, source, targets) == after


CHANGES: list[Callable[[Schedule], Schedule]] = [
    lambda s: replace_weekly(s, WeeklyHours(ALL_DAYS, hours("9-12"), Validity(MONDAY))),
    lambda s: add_weekly(s, WeeklyHours(ALL_DAYS, hours("9-12"), Validity(MONDAY))),
    lambda s: clear_weekly(s, ALL_DAYS, Validity(MONDAY, JULY)),
    lambda s: copy_weekday(s, MON, ALL_DAYS, MONDAY),
    lambda s: replace_dated(s, MONDAY, hours("9-12")),
    lambda s: add_dated(s, MONDAY, hours("9-12"), HAIRCUT),
    lambda s: close_dates(s, [MONDAY, TUESDAY]),
    lambda s: follow_week(s, NEAR),
    lambda s: copy_date(s, MONDAY, [TUESDAY]),
    lambda s: add_time_off(s, TimeOff(MONDAY, TUESDAY)),
]


@settings(max_examples=60)
@given(st.randoms(use_true_random=False), st.sampled_from(CHANGES))
def test_a_change_says_what_it_removed_and_added_and_undo_restores_the_schedule(
    rng: random.Random, change: Callable[[Schedule], Schedule]
) -> None:
    before = draw_case(rng, "Europe/Berlin", MINUTE).schedule
    copy = Schedule(before.zone, before.weekly, before.dated, before.time_off, before.travel)
    after = change(before)
    what = change_between(before, after)

    assert before == copy
    assert set(before.rules()) - set(what.removed) | set(what.added) == set(after.rules())
    assert not set(what.removed) & set(what.added)
    assert change_between(after, before) == Change(removed=what.added, added=what.removed)


def week_of(*rules: object) -> Schedule:
    return Schedule(BERLIN, tuple(rules))  # type: ignore[arg-type]  # Rules of the week.


def entry(days: Iterable[int], text: str, **more: object) -> WeeklyHours:
    return WeeklyHours(frozenset(days), hours(text), **more)  # type: ignore[arg-type]  # As named.


def test_new_hours_end_the_old_ones_the_day_before() -> None:
    before = week_of(weekly(MON, "9-12"), weekly(TUE, "9-12"))

    assert replace_weekly(before, entry([MON], "14-17", validity=Validity(JULY))).weekly == (
        weekly(MON, "9-12", last=date(2026, 6, 30)),
        weekly(TUE, "9-12"),
        weekly(MON, "14-17", first=JULY),
    )


def test_hours_for_some_weeks_let_the_old_ones_resume() -> None:
    validity = Validity(JULY, date(2026, 7, 31))

    assert replace_weekly(
        week_of(weekly(MON, "9-12")), entry([MON], "14-17", validity=validity)
    ) == (
        week_of(
            weekly(MON, "9-12", last=date(2026, 6, 30)),
            weekly(MON, "9-12", first=date(2026, 8, 1)),
            weekly(MON, "14-17", first=JULY, last=date(2026, 7, 31)),
        )
    )


@pytest.mark.parametrize(
    ("first", "last", "left"),
    [
        (JULY, None, []),
        (JULY + DAY, None, [(JULY, JULY)]),
        (JULY + 9 * DAY, None, [(JULY, JULY + 8 * DAY)]),
        (JULY + 10 * DAY, None, [(JULY, JULY + 9 * DAY)]),
        (None, JULY, [(JULY + DAY, JULY + 9 * DAY)]),
        (None, JULY - DAY, [(JULY, JULY + 9 * DAY)]),
        (None, JULY + 8 * DAY, [(JULY + 9 * DAY, JULY + 9 * DAY)]),
        (None, JULY + 9 * DAY, []),
        (JULY + DAY, JULY + 2 * DAY, [(JULY, JULY), (JULY + 3 * DAY, JULY + 9 * DAY)]),
        (None, None, []),
    ],
)
def test_a_rule_keeps_the_dates_outside_those_that_end(
    first: date | None, last: date | None, left: list[tuple[date, date]]
) -> None:
    before = week_of(weekly(MON, "9-12", first=JULY, last=JULY + 9 * DAY))
    after = clear_weekly(before, [MON], Validity(first, last))

    assert [(rule.valid_from, rule.valid_until) for rule in after.weekly] == left


@pytest.mark.parametrize(
    ("rule", "adds"),
    [
        (weekly(MON, "9-12"), 0),
        (weekly(MON, "8-13"), 0),
        (weekly(MON, "9-11"), 1),
        (weekly(TUE, "9-12"), 1),
        (weekly(MON, "9-12", HAIRCUT), 1),
        (weekly(MON, "9-12", first=JULY), 0),
        (weekly(MON, "9-12", first=JULY + DAY), 1),
        (weekly(MON, "9-12", last=JULY + 7 * DAY), 0),
        (weekly(MON, "9-12", last=JULY + 6 * DAY), 1),
        (weekly(MON, "9-12", every=2, anchor=JULY), 1),
    ],
)
def test_hours_that_are_there_already_add_nothing(rule: object, adds: int) -> None:
    before = week_of(rule)
    after = add_weekly(before, entry([MON], "9-12", validity=Validity(JULY, JULY + 7 * DAY)))

    assert len(after.weekly) == 1 + adds


@pytest.mark.parametrize(
    ("every", "anchor", "adds"),
    [(1, None, 0), (2, MONDAY, 0), (2, MONDAY + WEEK, 1), (4, MONDAY, 1), (3, MONDAY, 1)],
)
def test_weeks_that_are_there_already_add_nothing(
    every: int, anchor: date | None, adds: int
) -> None:
    before = week_of(weekly(MON, "9-12", every=every, anchor=anchor))
    second = entry([MON], "9-12", every_weeks=2, anchor=MONDAY + 2 * WEEK)

    assert len(add_weekly(before, second).weekly) == 1 + adds


def test_hours_of_two_rules_together_may_cover_others() -> None:
    before = week_of(weekly(MON, "9-12"), weekly(MON, "12-15"))

    assert add_weekly(before, entry([MON], "10-14")) == before


def test_reversed_dates_are_a_bug() -> None:
    with pytest.raises(ValueError, match="never in force"):
        Validity(TUESDAY, MONDAY)


def test_closed_dates_have_no_hours_for_any_service() -> None:
    before = week_of(weekly(MON, "9-12"), weekly(MON, "13-14", HAIRCUT), weekly(TUE, "9-12"))
    after = close_dates(add_dated(before, MONDAY, hours("15-16"), MASSAGE), [MONDAY])

    assert after.dated == (Dated(None, MONDAY, ()),)
    assert expand(after, MONDAY, MONDAY).all_blocks() == ()


def test_dates_with_hours_of_their_own_are_listed_and_may_follow_the_week() -> None:
    dates = [MONDAY, MONDAY + WEEK, TUESDAY, MONDAY + 2 * WEEK]
    schedule = week_of(weekly(MON, "9-12"))
    for day in reversed(dates):
        schedule = replace_dated(schedule, day, hours("14-15"))
    kept = entries_on(schedule, [MON], MONDAY + DAY)

    assert [each.day for each in kept] == [MONDAY + WEEK, MONDAY + 2 * WEEK]
    assert entries_on(schedule, [MON, TUE], MONDAY, TUESDAY) == (
        Dated(None, MONDAY, hours("14-15")),
        Dated(None, TUESDAY, hours("14-15")),
    )
    following = follow_week(schedule, [each.day for each in kept])
    assert {each.day for each in following.dated} == {MONDAY, TUESDAY}
    assert on_date(following, MONDAY + WEEK) == hours("9-12")


def test_adding_to_an_entry_keeps_what_it_replaced() -> None:
    closed = close_dates(week_of(weekly(MON, "9-12")), [MONDAY])
    after = add_dated(closed, MONDAY, hours("14-15"))

    assert after.dated == (Dated(None, MONDAY, hours("14-15")),)
    assert add_dated(after, MONDAY, ()) == after
    assert add_dated(week_of(), MONDAY, ()) == week_of()


def test_time_off_is_added_once_and_removed() -> None:
    off, other = TimeOff(MONDAY, TUESDAY), TimeOff(MONDAY, TUESDAY, note="dentist")
    once = add_time_off(week_of(weekly(MON, "9-12")), off)

    assert add_time_off(once, off) == once
    assert remove_time_off(add_time_off(once, other), off).time_off == (other,)
    assert remove_time_off(once, other) == once
    assert change_between(week_of(), once).added == (weekly(MON, "9-12"), off)


def test_a_weekday_is_copied_with_its_services_and_weeks() -> None:
    before = week_of(
        weekly(MON, "9-12", last=JULY),
        weekly(MON, "13-14", HAIRCUT, every=2, anchor=MONDAY),
        weekly(MON, "15-16", last=MONDAY - DAY),
        weekly(THU, "20-22"),
        weekly(WED, "8-9", MASSAGE),
    )
    after = copy_weekday(before, MON, [MON, THU, FRI], MONDAY)

    assert set(after.weekly) - set(before.weekly) == {
        weekly(THU, "20-22", last=MONDAY - DAY),
        weekly(THU, "9-12", first=MONDAY, last=JULY),
        weekly(FRI, "9-12", first=MONDAY, last=JULY),
        weekly(THU, "13-14", HAIRCUT, first=MONDAY, every=2, anchor=MONDAY),
        weekly(FRI, "13-14", HAIRCUT, first=MONDAY, every=2, anchor=MONDAY),
    }
    assert set(before.weekly) - set(after.weekly) == {weekly(THU, "20-22")}


def test_a_weekday_is_copied_with_what_ends_on_the_first_date() -> None:
    rule = weekly(MON, "9-12", last=TUESDAY)

    assert copy_weekday(week_of(rule), MON, [TUE], TUESDAY).weekly == (
        rule,
        weekly(TUE, "9-12", first=TUESDAY, last=TUESDAY),
    )
    assert copy_weekday(week_of(rule), MON, [TUE], TUESDAY + DAY).weekly == (rule,)


def test_rules_that_become_the_same_are_one() -> None:
    before = week_of(weekly(MON, "9-12", last=JULY), weekly(MON, "9-12", last=JULY + DAY))

    assert clear_weekly(before, [MON], Validity(JULY)).weekly == (
        weekly(MON, "9-12", last=JULY - DAY),
    )


def test_a_date_copied_to_itself_keeps_following_the_week() -> None:
    schedule = week_of(weekly(MON, "9-12"))

    assert copy_date(schedule, MONDAY, [MONDAY]) == schedule
    assert copy_date(schedule, MONDAY, [MONDAY, TUESDAY]).dated == (
        Dated(None, TUESDAY, hours("9-12")),
    )


def test_a_copied_date_restricts_no_service_that_was_not_restricted() -> None:
    before = add_dated(week_of(weekly(MON, "9-12")), MONDAY, hours("14-15"), HAIRCUT)
    after = copy_date(before, MONDAY, [TUESDAY])

    assert restricted_on(after, TUESDAY) == frozenset()
    assert on_date(after, TUESDAY, HAIRCUT) == hours("14-15")
