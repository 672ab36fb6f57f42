"""Sorted, disjoint spans of time. Each function takes and returns such spans in one pass."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from domain.timespan import TimeSpan


def cut(spans: Iterable[TimeSpan], holes: Sequence[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Return the spans without the parts that lie in holes."""
    return tuple(part for span in spans for part in _parts(span, overlapping(holes, span)))


def overlapping(spans: Sequence[TimeSpan], window: TimeSpan) -> Iterator[TimeSpan]:
    """Yield the spans that have time in common with a window."""
    for index in range(bisect_right(spans, window.start, key=_end), len(spans)):
        if spans[index].start >= window.end:
            return
        yield spans[index]


def contains(spans: Sequence[TimeSpan], cell: int) -> bool:
    """Return whether a cell lies in one of the spans."""
    return any(True for _ in overlapping(spans, TimeSpan(cell, cell + 1)))


def _end(span: TimeSpan) -> int:
    """Return the end of a span, by which disjoint spans are sorted as well."""
    return span.end


def _parts(span: TimeSpan, holes: Iterable[TimeSpan]) -> Iterator[TimeSpan]:
    """Yield the parts of a span between holes that overlap it."""
    start = span.start
    for hole in holes:
        if start < hole.start:
            yield TimeSpan(start, hole.start)
        start = hole.end
    if start < span.end:
        yield TimeSpan(start, span.end)
