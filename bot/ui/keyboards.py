"""Layouts of buttons that several screens share."""

from calendar import Calendar
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

from bot.buttons.base import CallbackData, Nothing
from bot.messages.screen import Button, Rows
from bot.ui.formats import Times

EMPTY = "·"


def button(label: str, choice: CallbackData) -> Button:
    """Return a button that carries a choice."""
    return Button(label, data=choice.pack())


def looked_at(label: str) -> Button:
    """Return a button without effect."""
    return button(label, Nothing())


def grid(buttons: Iterable[Button], *, width: int) -> Rows:
    """Lay out buttons in rows."""
    row = tuple(buttons)
    return tuple(row[at : at + width] for at in range(0, len(row), width))


def pager(page: int, pages: int, turn: Callable[[int], CallbackData]) -> Rows:
    """Return a row to turn pages, or nothing if there is only one page."""
    if pages <= 1:
        return ()
    back = button("‹", turn(page - 1)) if page > 0 else looked_at(EMPTY)
    forth = button("›", turn(page + 1)) if page + 1 < pages else looked_at(EMPTY)
    return ((back, looked_at(f"{page + 1}/{pages}"), forth),)


def month_calendar(
    times: Times,
    month: date,
    *,
    day: Callable[[date], Button | None],
    turn: Callable[[date], CallbackData],
    first: date,
    last: date,
) -> Rows:
    """Lay out a month as a calendar.

    It has the month's name between arrows, the weekdays, and the button that ``day`` returns for
    each day; days without one are dots. The arrows lead to months from ``first`` to ``last``.
    """
    before = month.replace(day=1) - timedelta(days=1)
    after = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    head = (
        button("‹", turn(before.replace(day=1)))
        if before >= first.replace(day=1)
        else looked_at(EMPTY),
        looked_at(times.month(month)),
        button("›", turn(after)) if after <= last else looked_at(EMPTY),
    )
    weeks = Calendar().monthdatescalendar(month.year, month.month)
    days = [
        tuple(
            (d.month == month.month and first <= d <= last and day(d)) or looked_at(EMPTY)
            for d in week
        )
        for week in weeks
    ]
    return (
        head,
        tuple(map(looked_at, times.weekdays())),
        *(week for week in days if any(b.label != EMPTY for b in week)),
    )


def pages_of(items: Sequence[object], size: int) -> int:
    """Return how many pages of this size the items fill, at least 1."""
    return max(1, -(-len(items) // size))
