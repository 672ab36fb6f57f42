"""Hours on a wall clock that begin on one date and may run past its midnight."""

from collections.abc import Iterable
from dataclasses import dataclass

GRID_MINUTES = 5
DAY_MINUTES = 24 * 60
LAST_END = 36 * 60


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """A half-open span ``[start, end)`` in minutes after the midnight at which a date begins.

    It begins on the date and ends by 36:00, which is noon of the next date.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        """Raise ValueError for hours that no date can have; only a bug can cause this."""
        if not (0 <= self.start < DAY_MINUTES and self.start < self.end <= LAST_END):
            raise ValueError(f"not hours that begin on one date: {self.start}-{self.end}")
        if self.start % GRID_MINUTES or self.end % GRID_MINUTES:
            raise ValueError(f"not multiples of five minutes: {self.start}-{self.end}")


def joined(hours: Iterable[Hours]) -> tuple[Hours, ...]:
    """Join hours that overlap or touch; the result is sorted."""
    result: list[Hours] = []
    for each in sorted(hours):
        if result and each.start <= result[-1].end:
            result[-1] = Hours(result[-1].start, max(result[-1].end, each.end))
        else:
            result.append(each)
    return tuple(result)


def covers(hours: Iterable[Hours], wanted: Hours) -> bool:
    """Return whether hours, taken together, contain all of the wanted ones."""
    return any(each.start <= wanted.start and wanted.end <= each.end for each in joined(hours))
