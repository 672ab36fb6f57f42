"""The steps of booking: which provider, which day, which time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from bot.callbacks import BookingDay, BookingMonth, ChooseProvider, PickSlot, ProviderPage, ShowCard
from bot.keyboards import button, grid, month_calendar, pager
from bot.reader import Reader
from bot.screen import Button, Rows, Screen
from domain.provider import Provider
from domain.timespan import TimeSpan

PROVIDERS_PER_PAGE = 8
TIMES_PER_PAGE = 24
_TIMES_PER_ROW = 4
_OWN = "📌"


@dataclass(frozen=True, slots=True)
class Booking:
    """What every step carries: with whom, and the hold that is to be moved (0 for none).

    ``choice`` tells that there are other providers.
    """

    provider: Provider
    moving: int = 0
    choice: bool = False


def provider_list(reader: Reader, found: Sequence[Provider], *, page: int, pages: int, part: str = "") -> Screen:
    """Return a page of providers, all of them or those whose name has a part."""
    t = reader.t
    text = t("booking.providers_found", part=part) if part else t("booking.providers")
    rows = tuple((button(p.name, ChooseProvider(p.id, 0)),) for p in found)
    return Screen(text, (*rows, *pager(page, pages, ProviderPage)))


def calendar(
    reader: Reader, booking: Booking, month: date, days: Collection[date], soonest: Sequence[TimeSpan], within: tuple[date, date]
) -> Screen:
    """Return the soonest times and a month in which only days with free slots can be tapped; ``within`` are the first and last day."""
    t, times = reader.t, reader.times
    provider, moving = booking.provider.id, booking.moving
    key = "booking.calendar" if soonest else "booking.nothing_free"
    text = t(key, provider=booking.provider.name, zone=times.zone_name)
    if not soonest:
        return Screen(text, _back(reader, booking))
    quick = tuple((button(f"⚡ {times.short_slot(slot)}", PickSlot(provider, slot.start, moving)),) for slot in soonest)
    month_rows = month_calendar(
        times,
        month,
        day=lambda d: button(str(d.day), BookingDay(provider, d, 0, moving)) if d in days else None,
        turn=lambda d: BookingMonth(provider, d, moving),
        first=within[0],
        last=within[1],
    )
    return Screen(text, (*quick, *month_rows, *_back(reader, booking)))


def day_times(reader: Reader, booking: Booking, day: date, slots: Sequence[TimeSpan], own: Collection[TimeSpan], *, page: int) -> Screen:
    """Return a day's free times, and the client's own, which are marked."""
    t, times = reader.t, reader.times
    everything = sorted({*slots, *own})
    pages = max(1, -(-len(everything) // TIMES_PER_PAGE))
    page = min(page, pages - 1)
    shown = everything[page * TIMES_PER_PAGE : (page + 1) * TIMES_PER_PAGE]
    key = "booking.day" if everything else "booking.day_full"
    text = t(key, provider=booking.provider.name, day=times.day(day), zone=times.zone_name)
    if own:
        text += "\n\n" + t("booking.own_times")
    buttons = (_time(reader, booking, slot, own=slot in own) for slot in shown)
    turn = pager(page, pages, lambda n: BookingDay(booking.provider.id, day, n, booking.moving))
    back = button(t.plain("button.back"), BookingMonth(booking.provider.id, day.replace(day=1), booking.moving))
    return Screen(text, (*grid(buttons, width=_TIMES_PER_ROW), *turn, (back,)))


def _time(reader: Reader, booking: Booking, slot: TimeSpan, *, own: bool) -> Button:
    """Return the button of a time."""
    label = reader.times.time(slot.start)
    return button(f"{_OWN} {label}" if own else label, PickSlot(booking.provider.id, slot.start, booking.moving))


def _back(reader: Reader, booking: Booking) -> Rows:
    """Return a way back to the card of the hold that is moved, or to the providers where there are several."""
    label = reader.t.plain("button.back")
    if booking.moving:
        return ((button(label, ShowCard(booking.moving)),),)
    return ((button(label, ProviderPage(0)),),) if booking.choice else ()
