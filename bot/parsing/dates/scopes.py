"""What one part of a phrase lends another: a month to bare numbers, a week or two dates to weekdays."""

from dataclasses import replace

from bot.parsing.core.phrases import Daily, DayPhrase, Days, Named, OneDay, Run, Week, Written


def borrowed(items: tuple[Days, ...]) -> tuple[Days, ...] | None:
    """Give days without a month the month of the next date after them; None where a bare number finds none.

    "13., 14. and 15 August" are three days of August; "Aug 13-15" lends forwards, within one range alone.
    """
    lender: Written | None = None
    lent: list[Days] = []
    for item in reversed(items):
        filled = _filled(item, lender)
        if filled is None:
            return None
        lent.append(filled)
        lender = _lender(filled)
    return tuple(reversed(lent))


def _lender(item: Days) -> Written | None:
    """Return the date at the head of an item, if it has a month to lend."""
    head = item.first if isinstance(item, Run) else item
    return head if isinstance(head, Written) and head.month is not None else None


def _filled(item: Days, lender: Written | None) -> Days | None:
    """Return an item with the months it can borrow, or None where a bare number is left."""
    if isinstance(item, Daily):
        return item
    if isinstance(item, Run):
        last = _with_month(item.last, _lender(item.first) or lender)
        first = _with_month(item.first, _lender(last))
        return None if _is_bare(first) or _is_bare(last) else Run(first, last)
    whole = _with_month(item, lender)
    return None if _is_bare(whole) else whole


def _is_bare(item: OneDay) -> bool:
    """Tell whether this is a number that nothing says is a day."""
    return isinstance(item, Written) and item.bare


def _with_month(item: OneDay, lender: Written | None) -> OneDay:
    """Return a day with the lender's month where it has none of its own."""
    if isinstance(item, Written) and item.month is None and lender is not None:
        return replace(item, month=lender.month, year=lender.year, bare=False)
    return item


def within_week(phrase: DayPhrase, week: Week) -> DayPhrase | None:
    """Put weekdays into a week; None where something else stands among them or a week was named already."""
    placed = tuple(_in_week(item, week) for item in phrase.days)
    days = tuple(item for item in placed if item is not None)
    return DayPhrase(days) if phrase.period is None and len(days) == len(placed) else None


def _in_week(item: Days, week: Week) -> Days | None:
    """Put one item into a week."""
    if isinstance(item, Daily):
        return Run(Named(0, week.weeks), Named(6))
    if isinstance(item, Run):
        return (
            Run(Named(item.first.weekday, week.weeks), item.last)
            if isinstance(item.first, Named) and _is_open_run(item)
            else None
        )
    return Named(item.weekday, week.weeks) if _is_open(item) and isinstance(item, Named) else None


def within_period(phrase: DayPhrase, period: Run) -> DayPhrase | None:
    """Bound several weekdays by two dates; None where that would not make sense.

    A single weekday before two dates belongs to the first of them ("Fri 13-15 August") and bounds nothing.
    """
    several = len(phrase.days) > 1 or not isinstance(phrase.days[0], Named)
    weekly = all(
        isinstance(item, Daily) or _is_open_run(item) or _is_open(item) for item in phrase.days
    )
    dated = isinstance(period.first, Written) and isinstance(period.last, Written)
    filled = (
        _filled(period, None) if dated and several and weekly and phrase.period is None else None
    )
    return DayPhrase(phrase.days, filled) if isinstance(filled, Run) else None


def _is_open(item: Days | OneDay) -> bool:
    """Tell whether this is a weekday of no week in particular."""
    return isinstance(item, Named) and item.weeks is None


def _is_open_run(item: Days) -> bool:
    """Tell whether this is a range of weekdays of no week in particular."""
    return isinstance(item, Run) and _is_open(item.first) and _is_open(item.last)
