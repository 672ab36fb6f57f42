"""The screens of tapped hours: days in a calendar, then the start, then the end."""

from datetime import date

from bot.buttons.base import CallbackData
from bot.buttons.hours import DraftEnd, DraftMonth, DraftStart, DraftTimes, HoursHome, ToggleDay
from bot.features.hours.day_lines import day_names
from bot.messages.screen import Rows, Screen
from bot.ui.formats import wall_time
from bot.ui.keyboards import button, grid, month_calendar
from bot.ui.locale import UserLocale
from domain.posting import Draft
from domain.timespan import DAY_MINUTES

_HALF_HOUR = 30
_TIMES_PER_ROW = 6
_CHOSEN = "✅"


def draft_calendar(
    locale: UserLocale, draft: Draft, month: date, within: tuple[date, date]
) -> Screen:
    """Return a month to choose days in; ``within`` are the first and last possible day."""
    t = locale.t
    chosen = {day for day, _ in draft.days}
    rows = month_calendar(
        locale.times,
        month,
        day=lambda d: button(
            f"{_CHOSEN} {d.day}" if d in chosen else str(d.day),
            ToggleDay(draft.id, d, int(d not in chosen)),
        ),
        turn=lambda d: DraftMonth(draft.id, d),
        first=within[0],
        last=within[1],
    )
    count = t.count("hours.days_chosen", len(chosen)) if chosen else t("hours.no_days_chosen")
    go_on = ((button(t.plain("hours.next"), DraftTimes(draft.id)),),) if chosen else ()
    back = _back(locale, HoursHome(0, draft.provider_id))
    return Screen(t("hours.calendar", count=count), (*rows, *go_on, *back))


def draft_start(locale: UserLocale, draft: Draft, today: date, *, earliest: int = 0) -> Screen:
    """Return the half-hours to start at, from ``earliest`` on, in minutes after midnight."""
    times = [at for at in range(0, DAY_MINUTES, _HALF_HOUR) if at >= earliest]
    buttons = (button(wall_time(at), DraftStart(draft.id, at)) for at in times)
    text = locale.t("hours.start", days=_days(locale, draft, today), zone=locale.in_zone())
    back = DraftMonth(draft.id, draft.days[0][0].replace(day=1))
    return Screen(text, (*grid(buttons, width=_TIMES_PER_ROW), *_back(locale, back)))


def draft_end(locale: UserLocale, draft: Draft, start: int, today: date) -> Screen:
    """Return the half-hours to end at: those after the start, up to midnight."""
    first = (start // _HALF_HOUR + 1) * _HALF_HOUR
    buttons = (
        button(wall_time(at), DraftEnd(draft.id, start, at))
        for at in range(first, DAY_MINUTES + 1, _HALF_HOUR)
    )
    text = locale.t(
        "hours.end",
        days=_days(locale, draft, today),
        start=wall_time(start),
        zone=locale.in_zone(),
    )
    return Screen(
        text, (*grid(buttons, width=_TIMES_PER_ROW), *_back(locale, DraftTimes(draft.id)))
    )


def hours_wanted(locale: UserLocale, draft: Draft, today: date) -> Screen:
    """Ask for the hours of days that were typed without hours."""
    text = locale.t("hours.from_when", day=_days(locale, draft, today))
    return Screen(text, _back(locale, HoursHome(0, draft.provider_id)))


def time_offered(reason: str, minutes: int | None, choice: CallbackData) -> Screen:
    """Say why a typed time cannot be used, with the nearest usable time as a button, if any."""
    rows = () if minutes is None else ((button(wall_time(minutes), choice),),)
    return Screen(reason, rows)


def _days(locale: UserLocale, draft: Draft, today: date) -> str:
    """Return the names of the chosen days."""
    return day_names(locale, [day for day, _ in draft.days], today)


def _back(locale: UserLocale, choice: CallbackData) -> Rows:
    """Return a row with the Back button."""
    return ((button(locale.t.plain("button.back"), choice),),)
