"""The starts of a service: on the grid of a block, in open time, and free of claims."""

from collections.abc import Iterator, Sequence

from domain.schedule.expansion import Expansion, expand_around
from domain.schedule.model import Schedule
from domain.schedule.spans import cut, overlapping
from domain.schedule.visit import Search
from domain.timespan import TimeSpan


def find_starts(schedule: Schedule, search: Search, window: range) -> tuple[int, ...]:
    """Return the cells within a window with which a free visit starts, in order."""
    if not window:
        return ()
    expansion = expand_around(schedule, window, search.visit.cells)
    free = _free(expansion, search, window)
    grids = (grid for block in _blocks(expansion, search) for grid in _grids(block, search, free))
    return tuple(sorted({start for grid in grids for start in grid}))


def is_on_grid(expansion: Expansion, search: Search, cell: int) -> bool:
    """Return whether a block's starts, counted from its beginning, include this cell."""
    return any(
        block.start <= cell < block.end and (cell - block.start) % search.step == 0
        for block in _blocks(expansion, search)
    )


def _blocks(expansion: Expansion, search: Search) -> Iterator[TimeSpan]:
    """Yield the blocks of each date in which starts are counted."""
    return (block for day in expansion.days for block in day.blocks_for(search.service))


def _free(expansion: Expansion, search: Search, window: range) -> tuple[TimeSpan, ...]:
    """Return the cells with which a visit could start if there were no grid."""
    cells = search.visit.cells
    inside = [TimeSpan(window.start, window.stop)]
    fitting = (
        TimeSpan(span.start, span.end - cells + 1)
        for span in expansion.open_to(search.service)
        if span.end - span.start >= cells
    )
    clipped = (part for span in fitting if (part := span.clipped(inside[0])))
    return cut(clipped, search.taken_starts())


def _grids(block: TimeSpan, search: Search, free: Sequence[TimeSpan]) -> Iterator[range]:
    """Yield the starts of a block that are free, as one range for each free span."""
    for span in overlapping(free, block):
        skipped = max(0, -(-(span.start - block.start) // search.step))
        first = block.start + skipped * search.step
        yield range(first, min(span.end, block.end), search.step)
