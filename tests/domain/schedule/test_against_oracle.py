"""Open time, starts and reasons, compared with an oracle that walks every minute of real time."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.schedule.expansion import expand_around
from domain.schedule.reasons import why_not
from domain.schedule.starts import find_starts
from domain.schedule.visit import Limits
from tests.domain.schedule.oracle import Oracle
from tests.domain.schedule.random_cases import Case, changes_of, draw_case
from tests.kit.sampling import PROFILE, seeded

FIRST, LAST = date(2026, 1, 1), date(2029, 12, 31)
ZONES = sorted(available_timezones())
KNOWN = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 11, 1, 5, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 10, 24, 21, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC)),
    ("Pacific/Chatham", datetime(2026, 4, 4, 14, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2026, 6, 1, tzinfo=UTC)),
]


def oracle_of(case: Case) -> Oracle:
    return Oracle(case.schedule, case.search, case.walked, case.days)


def check(case: Case) -> int:
    """Compare the open time and the starts; return how many starts there are."""
    oracle = oracle_of(case)
    expansion = expand_around(case.schedule, case.cells, case.search.visit.cells)
    opened = {
        minute
        for span in expansion.open_to(case.search.service)
        for minute in range(span.start * 5, span.end * 5)
    }
    found = find_starts(case.schedule, case.search, case.cells)

    assert opened & set(case.window) == oracle.open & set(case.window)
    assert [cell * 5 for cell in found] == oracle.starts(case.window)
    return len(found)


@pytest.mark.parametrize(
    "name", PROFILE.pick(fast=seeded("zones of schedules").sample(ZONES, 20), full=ZONES)
)
def test_starts_match_the_oracle_around_every_change_of_clocks(name: str) -> None:
    rng = seeded(f"schedule in {name}")
    quiet = rng.randrange(
        *(int(datetime(y, 1, 1, tzinfo=UTC).timestamp()) // 60 for y in (2026, 2030))
    )
    changes = changes_of(name, FIRST, LAST)

    for moment in [
        quiet,
        *PROFILE.pick(fast=rng.sample(changes, min(2, len(changes))), full=changes),
    ]:
        check(draw_case(rng, name, moment))


@pytest.mark.parametrize(("name", "moment"), KNOWN, ids=str)
def test_known_changes_of_clocks_match_the_oracle(name: str, moment: datetime) -> None:
    rng, minute = seeded(f"{name} {moment}"), int(moment.timestamp()) // 60

    counts = [check(draw_case(rng, name, minute)) for _ in range(PROFILE.pick(fast=6, full=200))]

    assert any(counts)


known = st.sampled_from([(name, int(moment.timestamp()) // 60) for name, moment in KNOWN])


@settings(max_examples=PROFILE.pick(fast=25, full=1000), deadline=None)
@given(known, st.randoms(use_true_random=False))
def test_starts_of_drawn_schedules_match_the_oracle(
    where: tuple[str, int], rng: random.Random
) -> None:
    check(draw_case(rng, *where))


@settings(max_examples=PROFILE.pick(fast=25, full=500), deadline=None)
@given(known, st.randoms(use_true_random=False))
def test_there_is_a_reason_exactly_where_there_is_no_start(
    where: tuple[str, int], rng: random.Random
) -> None:
    case = draw_case(rng, *where, hours=15)
    oracle = oracle_of(case)
    middle = datetime.fromtimestamp(where[1] * 60, UTC)
    limits = Limits(
        middle - timedelta(minutes=rng.randint(-300, 900)),
        notice=timedelta(minutes=rng.choice((0, 0, 60, 300))),
        horizon=timedelta(minutes=rng.choice((300, 1440, 90_000))),
    )
    starts = set(find_starts(case.schedule, case.search, limits.starts)) & set(case.cells)
    asked = [*(cell * 5 for cell in sorted(starts)[:10]), *rng.sample(case.window, 40)]

    for minute in asked:
        moment = datetime.fromtimestamp(minute * 60, UTC)
        reason = why_not(case.schedule, case.search, limits, moment)
        assert reason == oracle.reason(minute, limits), moment
        assert (reason is None) == (minute % 5 == 0 and minute // 5 in starts), moment


@settings(max_examples=PROFILE.pick(fast=40, full=1000), deadline=None)
@given(known, st.randoms(use_true_random=False))
def test_a_window_cuts_the_starts_and_never_shifts_them(
    where: tuple[str, int], rng: random.Random
) -> None:
    case = draw_case(rng, *where)
    every = find_starts(case.schedule, case.search, case.cells)
    ends = sorted(rng.sample(case.cells, 2))
    window = range(*ends)

    assert find_starts(case.schedule, case.search, window) == tuple(
        start for start in every if start in window
    )
