"""Time spans, compared with naive sets of cells and with local times from ``zoneinfo``."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.timespan import (
    TimeSpan,
    WallSpan,
    by_day,
    cell_at,
    first_cell_from,
    instant,
    local_day,
    merged,
    on_day,
    wall_to_instant,
    whole_day,
    without,
)
from tests.kit.cells import SECONDS, cell_of

BERLIN = ZoneInfo("Europe/Berlin")
# Two and a half years of cells, in which every zone below changes its clocks several times.
FIRST = cell_of(datetime(2025, 1, 1, tzinfo=UTC))
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Santiago",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Havana",
]

small_spans = st.builds(
    lambda start, length: TimeSpan(start, start + length), st.integers(0, 40), st.integers(1, 12)
)
span_lists = st.lists(small_spans, max_size=8)


def cells_of(spans: list[TimeSpan] | tuple[TimeSpan, ...]) -> set[int]:
    return {cell for span in spans for cell in range(span.start, span.end)}


def is_sorted_and_disjoint(spans: tuple[TimeSpan, ...]) -> bool:
    return all(before.end < after.start for before, after in pairwise(spans))


@given(span_lists)
def test_merging_keeps_every_cell_once_and_joins_what_touches(spans: list[TimeSpan]) -> None:
    joined = merged(spans)

    assert cells_of(joined) == cells_of(spans)
    assert is_sorted_and_disjoint(joined)
    assert merged(joined) == joined


@given(span_lists, span_lists)
def test_subtracting_spans_leaves_exactly_the_other_cells(
    spans: list[TimeSpan], removed: list[TimeSpan]
) -> None:
    rest = without(spans, removed)

    assert cells_of(rest) == cells_of(spans) - cells_of(removed)
    assert is_sorted_and_disjoint(rest)


@given(small_spans, small_spans)
def test_spans_compare_like_their_sets_of_cells(one: TimeSpan, other: TimeSpan) -> None:
    mine, theirs = cells_of([one]), cells_of([other])

    assert one.overlaps(other) is bool(mine & theirs)
    assert one.covers(other) is (theirs <= mine)
    clipped = one.clipped(other)
    assert (cells_of([clipped]) if clipped else set()) == mine & theirs


@given(
    st.sampled_from(ZONES),
    st.lists(st.tuples(st.integers(0, 255_000), st.integers(1, 1200)), max_size=4),
)
def test_splitting_by_day_assigns_each_cell_to_its_local_day(
    name: str, drawn: list[tuple[int, int]]
) -> None:
    zone = ZoneInfo(name)
    spans = merged(TimeSpan(FIRST + start, FIRST + start + length) for start, length in drawn)
    parts = list(by_day(spans, zone))

    assert [(day, cell) for day, part in parts for cell in range(part.start, part.end)] == [
        (datetime.fromtimestamp(cell * SECONDS, zone).date(), cell)
        for span in spans
        for cell in range(span.start, span.end)
    ]
    assert all(
        (day, part.end) != (later, after.start) for (day, part), (later, after) in pairwise(parts)
    )


@given(st.integers(0, 1440), st.integers(0, 1440))
def test_hours_are_cut_inward_to_the_grid_and_never_outward(one: int, other: int) -> None:
    start, end = sorted((one, other))
    if start == end:
        return
    span = WallSpan(start, end)
    quarters = [q for q in range(0, 1440, 15) if start <= q and q + 15 <= end]
    cut = span.inward()

    assert ([cut.start, cut.end] if cut else []) == (
        [quarters[0], quarters[-1] + 15] if quarters else []
    )
    assert span.on_grid is (cut == span)


@pytest.mark.parametrize(("start", "end"), [(-15, 0), (0, 0), (30, 15), (1440, 1440), (0, 1441)])
def test_a_wall_span_must_lie_within_one_day(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not a span within one day"):
        WallSpan(start, end)


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5)])
def test_a_time_span_must_not_be_empty(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="empty span"):
        TimeSpan(start, end)


NINE = datetime(2026, 6, 1, 9, tzinfo=UTC)
NINE_CELL = 5_934_348


@pytest.mark.parametrize(
    ("moment", "first"),
    [
        (NINE - timedelta(minutes=5), NINE_CELL - 1),
        (NINE - timedelta.resolution, NINE_CELL),
        (NINE, NINE_CELL),
        (NINE + timedelta.resolution, NINE_CELL + 1),
        (NINE + timedelta(seconds=1), NINE_CELL + 1),
        (NINE + timedelta(minutes=5), NINE_CELL + 1),
    ],
    ids=str,
)
def test_first_cell_from_begins_then_or_later(moment: datetime, first: int) -> None:
    assert first_cell_from(moment) == first
    assert first_cell_from(moment.astimezone(BERLIN)) == first


@pytest.mark.parametrize(
    "off", [timedelta.resolution, timedelta(seconds=1), timedelta(minutes=4)], ids=str
)
def test_cell_at_rejects_an_instant_inside_a_cell(off: timedelta) -> None:
    assert cell_at(NINE) == NINE_CELL
    assert instant(NINE_CELL) == NINE
    for wrong in (NINE + off, NINE - off):
        with pytest.raises(ValueError, match="not the beginning of a cell"):
            cell_at(wrong)


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reading", "shown_at"),
    [
        ("2026-03-29 01:59", utc(3, 29, 0, 59)),
        ("2026-03-29 02:00", utc(3, 29, 1)),
        ("2026-03-29 02:30", utc(3, 29, 1)),
        ("2026-03-29 02:59", utc(3, 29, 1)),
        ("2026-03-29 03:00", utc(3, 29, 1)),
        ("2026-10-25 01:59", utc(10, 24, 23, 59)),
        ("2026-10-25 02:00", utc(10, 25, 0)),
        ("2026-10-25 02:59", utc(10, 25, 0, 59)),
        ("2026-10-25 03:00", utc(10, 25, 2)),
    ],
    ids=str,
)
def test_a_repeated_time_means_the_first_and_a_skipped_one_the_change(
    reading: str, shown_at: datetime
) -> None:
    assert wall_to_instant(datetime.fromisoformat(reading), BERLIN) == shown_at


@pytest.mark.parametrize(
    ("zone", "day", "cells"),
    [
        ("Europe/Berlin", date(2026, 6, 1), 288),
        ("Europe/Berlin", date(2026, 3, 29), 276),
        ("Europe/Berlin", date(2026, 10, 25), 300),
        ("Australia/Lord_Howe", date(2026, 10, 4), 282),
        ("Australia/Lord_Howe", date(2026, 4, 5), 294),
        ("America/Santiago", date(2026, 9, 6), 276),
        ("Pacific/Apia", date(2011, 12, 30), 0),
        ("Pacific/Apia", date(2011, 12, 31), 288),
    ],
)
def test_a_day_is_as_long_as_its_elapsed_time(zone: str, day: date, cells: int) -> None:
    span = whole_day(day, ZoneInfo(zone))

    assert (len(span.cells) if span else 0) == cells


@pytest.mark.parametrize(
    ("hours", "cells"),
    [
        (WallSpan(60, 240), 24),
        (WallSpan(120, 180), 0),
        (WallSpan(135, 165), 0),
        (WallSpan(60, 150), 12),
        (WallSpan(150, 240), 12),
    ],
)
def test_hours_around_a_gap_are_as_long_as_their_elapsed_time(hours: WallSpan, cells: int) -> None:
    span = on_day(date(2026, 3, 29), hours, BERLIN)

    assert (len(span.cells) if span else 0) == cells


def test_a_cell_belongs_to_the_local_day_of_the_zone() -> None:
    midnight_in_berlin = cell_at(datetime(2026, 6, 1, 22, tzinfo=UTC))

    assert local_day(midnight_in_berlin, BERLIN) == date(2026, 6, 2)
    assert local_day(midnight_in_berlin - 1, BERLIN) == date(2026, 6, 1)
    assert local_day(midnight_in_berlin, ZoneInfo("America/New_York")) == date(2026, 6, 1)
