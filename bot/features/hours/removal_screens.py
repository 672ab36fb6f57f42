"""The screens of removing hours: the question, and the bookings inside."""

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from bot.buttons.base import CallbackData
from bot.buttons.hours import PostedDay, RemoveHours
from bot.features.hours.day_lines import spans_text
from bot.messages.screen import Screen
from bot.ui.keyboards import button
from bot.ui.locale import UserLocale
from domain.reservation import Reservation, Status
from domain.timespan import TimeSpan

# The values of ``inside`` on a button: see usecases.remove_availability.Inside.
# An answer to cancel also has the mark of the list it was given to.
ASK, KEEP, CANCEL = "a", "k", "c"
_BOOKINGS_SHOWN = 20
_NAME_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Booked:
    """A reservation inside the hours to remove, and the name of its client."""

    reservation: Reservation
    client: str


def list_mark(reservations: Iterable[Reservation]) -> str:
    """Return a short mark of a list of reservations, so that consent to it covers no other list."""
    return f"{zlib.crc32(' '.join(str(r.id) for r in reservations).encode()):08x}"


def bookings_inside(
    locale: UserLocale,
    booked: Sequence[Booked],
    answer: Callable[[str], CallbackData],
    back: CallbackData,
) -> Screen:
    """List the reservations inside and ask whether to keep them.

    ``answer`` makes a button's choice from the code of the answer.
    """
    t = locale.t
    lines = [_line(locale, one) for one in booked[:_BOOKINGS_SHOWN]]
    if len(booked) > _BOOKINGS_SHOWN:
        lines.append(t.count("hours.inside.more", len(booked) - _BOOKINGS_SHOWN))
    text = t.count(
        "hours.inside", len(booked), list=Markup("\n").join(lines), zone=locale.in_zone()
    )
    mark = list_mark(one.reservation for one in booked)
    keep, cancel = (
        t.count(key, len(booked)).unescape()
        for key in ("hours.keep_bookings", "hours.cancel_bookings")
    )
    choice = (button(keep, answer(KEEP)), button(cancel, answer(f"{CANCEL}{mark}")))
    return Screen(text, (choice, (button(t.plain("button.back"), back),)))


def removal_to_confirm(
    locale: UserLocale, day: date, spans: Sequence[TimeSpan], notes: Sequence[str], provider: int
) -> Screen:
    """Ask whether to remove these hours of a day."""
    t, times = locale.t, locale.times
    text = t(
        "hours.remove_ask",
        day=times.day(day),
        spans=spans_text(locale, spans),
        zone=locale.in_zone(),
    )
    remove = RemoveHours(spans[0].start, spans[-1].end, ASK, provider)
    rows = (
        (button(t.plain("hours.remove"), remove),),
        (button(t.plain("button.back"), PostedDay(day, provider)),),
    )
    return Screen("\n\n".join((text, *notes)), rows)


def _line(locale: UserLocale, one: Booked) -> Markup:
    """Return the client and the time of a reservation, and whether it is still a hold."""
    key = "hours.inside.held" if one.reservation.status is Status.HELD else "hours.inside.booked"
    name = one.client if len(one.client) <= _NAME_SHOWN else f"{one.client[:_NAME_SHOWN]}…"
    return locale.t(key, client=name, slot=locale.times.short_slot(one.reservation.span))
