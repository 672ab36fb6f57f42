"""When people act: usual runs, and runs of days."""

from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from simulation.plan import Plan
from simulation.timetable import Timetable, timetable_of

SEEDS = range(400)


def timetables(*, of_days: bool, minutes: float = 40) -> list[Timetable]:
    """Return the timetables of many seeds: the usual ones, or those of runs of days."""
    found = [timetable_of(Plan(seed, minutes)) for seed in SEEDS]
    return [each for each in found if each.takes_days == of_days]


def offset(timetable: Timetable, seconds: float) -> timedelta | None:
    """Return the venue's offset from UTC so many seconds after the start."""
    moment = timetable.setting.start + timedelta(seconds=seconds)
    return moment.astimezone(ZoneInfo(timetable.setting.zone)).utcoffset()


def test_one_seed_in_eight_or_so_takes_days() -> None:
    assert len(SEEDS) / 16 < len(timetables(of_days=True)) < len(SEEDS) / 5


def test_in_usual_runs_people_act_without_a_break() -> None:
    for timetable in timetables(of_days=False):
        assert timetable.spells == ((0.0, 2400.0),)
        assert timetable.wait_at(0) == timetable.wait_at(2399) == 0
        assert timetable.wait_at(2401) > 24 * 3600


def test_in_runs_of_days_people_act_for_half_the_minutes_with_long_pauses() -> None:
    for timetable in timetables(of_days=True):
        assert sum(end - begin for begin, end in timetable.spells) == pytest.approx(1200)
        # One pause may be shorter, for the spell about the change of the clocks.
        pauses = sorted(later[0] - earlier[1] for earlier, later in pairwise(timetable.spells))
        assert all(pause > 4 * 3600 for pause in pauses[1:])
        assert timetable.wait_at(timetable.spells[0][1] + 1) > 0
        assert timetable.wait_at(timetable.spells[1][0]) == 0


def test_a_shorter_run_of_days_is_the_beginning_of_a_longer_one() -> None:
    shorter = timetables(of_days=True, minutes=12)
    for short, long in zip(shorter, timetables(of_days=True), strict=True):
        assert short.setting == long.setting
        assert short.spells == long.spells[: len(short.spells)]


def test_most_runs_of_days_have_a_spell_in_which_the_clocks_change() -> None:
    found = timetables(of_days=True)
    changing = [
        each
        for each in found
        if any(offset(each, begin) != offset(each, end) for begin, end in each.spells)
    ]

    assert len(changing) > len(found) / 2
    assert {each.setting.zone for each in changing} == {
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
    }


def test_a_plan_of_the_minutes_until_an_instant_comes_to_it() -> None:
    for of_days in (False, True):
        for timetable in timetables(of_days=of_days)[:20]:
            begin, end = timetable.spells[-1]
            for seconds in (timetable.spells[0][0] + 5, (begin + end) / 2):
                minutes = timetable.minutes_until(seconds)
                assert minutes < 41
                acted = sum(
                    min(seconds, end) - begin for begin, end in timetable.spells if begin < seconds
                )
                assert minutes * 60 * timetable.share == pytest.approx(acted + 1)
