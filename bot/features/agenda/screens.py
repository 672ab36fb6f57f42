"""The screens of the agenda: a day, one reservation, and the question before it is cancelled."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from markupsafe import Markup

from bot.buttons.agenda import (
    AgendaDay,
    AgendaEntry,
    AgendaPage,
    AskReason,
    CancelForClient,
    CancelWithReason,
)
from bot.features.reservations.card import held_until
from bot.messages.screen import Button, Rows, Screen
from bot.parsing.core.results import Problem
from bot.ui.keyboards import EMPTY, button, grid, looked_at, pager, pages_of
from bot.ui.links import openings
from bot.ui.locale import UserLocale
from bot.ui.texts import isolated
from bot.ui.typed_feedback import problem_text
from domain.person import Person
from domain.provider import Provider
from domain.reservation import Party, Reservation, Status

ENTRIES_PER_PAGE = 20
_ENTRIES_PER_ROW = 2
_DAYS_PER_ROW = 3
_NAME_SHOWN = 40
_LABEL_NAME_SHOWN = 20
_MOST_PROVIDERS = 30
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """A reservation and its client, and its ``provider`` by name if days of several are shown.

    ``team`` is whether another person may have cancelled it for the provider.
    """

    reservation: Reservation
    client: Person
    provider: str = ""
    team: bool = False


@dataclass(frozen=True, slots=True)
class DayView:
    """One page of a day: its ``entries`` out of ``count``, ``held`` of them holds, by start.

    ``ahead`` are further days worth a look, with the number of reservations on each. ``idle`` is
    true if there are none from today on. ``within`` are the first and last day the agenda shows.
    ``upcoming`` is the next day with reservations, their number, and how many are holds; it is
    named if the day shown has none. ``providers`` are those whose days can be shown, if there are
    several; ``only`` is the one whose day this is, None for all of them. ``own`` is false for
    people who act for others alone.
    """

    day: date
    today: date
    entries: Sequence[Entry]
    count: int
    page: int
    ahead: Mapping[date, int]
    within: tuple[date, date]
    idle: bool = False
    upcoming: tuple[date, int, int] | None = None
    providers: Sequence[Provider] = ()
    only: int | None = None
    held: int = 0
    own: bool = True


def agenda_day(locale: UserLocale, view: DayView, note: str = "") -> Screen:
    """Return a page of a day's reservations, with buttons to other days, below a note if any."""
    t, times = locale.t, locale.times
    if view.entries:
        lines = Markup("\n").join(_line(locale, entry) for entry in view.entries)
        body = Markup("{}\n\n{}").format(_counted(locale, view.count, view.held), lines)
    else:
        body = t("agenda.empty")
        if view.upcoming:
            day, count, held = view.upcoming
            counted = _counted(locale, count, held)
            body += "\n" + t("agenda.upcoming", day=times.day(day), count=counted)
    others = view.providers if view.only is None else ()
    in_zone = locale.in_zone(*(entry.client for entry in view.entries), *others)
    text = t("agenda.day", day=times.day(view.day), body=body, zone=in_zone)
    entries = grid((_entry_button(locale, entry) for entry in view.entries), width=_ENTRIES_PER_ROW)
    turn = pager(
        view.page,
        pages_of(range(view.count), ENTRIES_PER_PAGE),
        lambda page: AgendaPage(view.day, page, view.only),
    )
    return Screen(
        f"{note}\n\n{text}" if note else text,
        (*entries, *turn, *_whose(locale, view), *_other_days(locale, view)),
    )


def _counted(locale: UserLocale, count: int, held: int) -> str:
    """Return how many reservations there are, holds apart: "2 appointments, 1 hold"."""
    numbers = {"agenda.count": count - held, "agenda.holds": held}
    return ", ".join(locale.t.count(key, n) for key, n in numbers.items() if n)


def agenda_entry(
    locale: UserLocale, entry: Entry, now: datetime, back: AgendaDay | None = None
) -> Screen:
    """Return one reservation in its current state, with a button to cancel it if possible.

    ``back`` is the day that ``Back`` shows, by default that of the reservation.
    """
    t = locale.t
    text = t(
        "agenda.entry",
        **_client_and_time(locale, entry),
        state=_state(locale, entry, now),
    )
    if entry.reservation.reason:
        text += "\n" + t("card.reason", reason=entry.reservation.reason)
    open_still = entry.reservation.alive(now) and now < entry.reservation.span.starts_at
    cancel = (
        ((button(t.plain("button.cancel_booking"), AskReason(entry.reservation.id)),),)
        if open_still
        else ()
    )
    day = back or AgendaDay(locale.times.day_of(entry.reservation.span.start))
    return Screen(text, (*cancel, (button(t.plain("button.back"), day),)))


def reason_question(locale: UserLocale, entry: Entry) -> Screen:
    """Ask for a reason before a reservation is cancelled."""
    t, number = locale.t, entry.reservation.id
    rows = (
        (button(t.plain("agenda.without_reason"), CancelForClient(number)),),
        (button(t.plain("button.back"), AgendaEntry(number)),),
    )
    return Screen(t("agenda.ask_reason", **_client_and_time(locale, entry)), rows)


def reason_to_confirm(locale: UserLocale, entry: Entry, reason: str) -> Screen:
    """Show the typed reason and ask whether to cancel with it."""
    t, number = locale.t, entry.reservation.id
    text = t(
        "agenda.confirm_reason",
        **_client_and_time(locale, entry),
        reason=t("card.reason", reason=reason),
    )
    choice = (
        button(t.plain("agenda.yes_cancel"), CancelWithReason(number, reason_mark(reason))),
        button(t.plain("button.back"), AskReason(number)),
    )
    return Screen(text, (choice,))


def reason_mark(reason: str) -> str:
    """Return a short mark of a reason, so that consent to it covers no other reason."""
    return f"{zlib.crc32(reason.encode()):08x}"


def cancelled_answer(locale: UserLocale, entry: Entry) -> str:
    """Return the short answer to the tap that cancelled a reservation."""
    key = "agenda.told" if _is_told(entry.client) else "agenda.not_told"
    return locale.t.plain(key, client=_shortened(entry.client.name, _NAME_SHOWN))


def cancelled_note(locale: UserLocale, entry: Entry) -> Markup:
    """Return the note above the day after a reservation was cancelled."""
    key = "agenda.cancelled" if _is_told(entry.client) else "agenda.cancelled_untold"
    note = locale.t(key, **_client_and_time(locale, entry))
    reason = entry.reservation.reason
    return Markup("{}\n{}").format(note, locale.t("card.reason", reason=reason)) if reason else note


def _is_told(client: Person) -> bool:
    """Return whether the bot can notify a client; a guest has no Telegram account."""
    return client.telegram_id is not None and client.unreachable_since is None


def nothing_to_cancel(locale: UserLocale, entry: Entry, now: datetime) -> Markup:
    """Return the note above the day that there was nothing to cancel any more, and why."""
    reservation = entry.reservation
    ended = reservation.status is Status.CANCELLED or reservation.expired(now)
    key = "agenda.nothing_to_cancel" if ended else "agenda.too_late_to_cancel"
    return _outdated(locale, key, entry, now)


def entry_changed(locale: UserLocale, entry: Entry, now: datetime) -> Markup:
    """Return the note above the day that a listed reservation is off the agenda, and why."""
    return _outdated(locale, "agenda.changed", entry, now)


def day_not_read(
    locale: UserLocale, problem: Problem, today: date, only: int | None = None
) -> Screen:
    """Say why a typed day was not read, with the days that may be meant as buttons, else today."""
    days = [day for day in problem.suggestions if isinstance(day, date)]
    buttons = [_day_button(locale, day, "{}", only) for day in days] or [
        _today(locale, today, only)
    ]
    return Screen(
        problem_text(locale, problem, "agenda.examples"), grid(buttons, width=_DAYS_PER_ROW)
    )


def _outdated(locale: UserLocale, key: str, entry: Entry, now: datetime) -> Markup:
    """Return a note on a reservation that is over: its state, and the reason if one was given."""
    state = _state(locale, entry, now)
    note = locale.t(key, **_client_and_time(locale, entry), state=state)
    reason = entry.reservation.reason
    return Markup("{}\n{}").format(note, locale.t("card.reason", reason=reason)) if reason else note


def _client_and_time(locale: UserLocale, entry: Entry) -> dict[str, object]:
    """Return the values that every text about one reservation needs."""
    slot = locale.times.slot(entry.reservation.span)
    return {
        "client": _linked(entry.client, entry.client.name),
        "slot": slot,
        "zone": locale.in_zone(entry.client),
    }


def _line(locale: UserLocale, entry: Entry) -> Markup:
    """Return one line of the day: time, client, and until when a hold is held."""
    reservation, times = entry.reservation, locale.times
    name = _linked(entry.client, _shortened(entry.client.name, _NAME_SHOWN))
    if entry.provider:
        name = Markup("{} · {}").format(name, isolated(_shortened(entry.provider, _NAME_SHOWN)))
    if reservation.expires_at is not None:
        return locale.t(
            "agenda.held",
            span=times.span(reservation.span),
            client=name,
            until=held_until(locale, reservation),
        )
    return locale.t("agenda.booked", span=times.span(reservation.span), client=name)


def _entry_button(locale: UserLocale, entry: Entry) -> Button:
    """Return the button of one reservation of the day."""
    held = "⏳ " if entry.reservation.status is Status.HELD else ""
    name = isolated(_shortened(entry.client.name, _LABEL_NAME_SHOWN))
    return button(
        f"{held}{locale.times.time(entry.reservation.span.start)} {name}",
        AgendaEntry(entry.reservation.id),
    )


def _state(locale: UserLocale, entry: Entry, now: datetime) -> Markup:
    """Return the state of a reservation in words."""
    reservation = entry.reservation
    if reservation.alive(now) and reservation.expires_at is not None:
        return locale.t("agenda.state.held", until=held_until(locale, reservation))
    if reservation.expired(now):
        return locale.t("agenda.state.expired")
    if reservation.status is not Status.CANCELLED:
        return locale.t(_booked_key(reservation, now))
    if reservation.ended_by is Party.PROVIDER:
        return locale.t(
            "agenda.state.cancelled_by_team" if entry.team else "agenda.state.cancelled"
        )
    return locale.t(
        "agenda.state.released" if reservation.released else "agenda.state.cancelled_by_client"
    )


def _booked_key(booking: Reservation, now: datetime) -> str:
    """Return the key of the state of a booking: ahead, begun or over."""
    if now < booking.span.starts_at:
        return "agenda.state.booked"
    return "agenda.state.begun" if now < booking.span.ends_at else "agenda.state.over"


def _other_days(locale: UserLocale, view: DayView) -> Rows:
    """Return the buttons to other days, and to the provider's link if no clients come."""
    first, last = view.within
    before, after = view.day - _DAY, view.day + _DAY
    today = _today(locale, view.today, view.only)
    row = (
        _day_button(locale, before, "‹ {}", view.only) if before >= first else looked_at(EMPTY),
        *(() if view.today in {before, view.day, after} else (today,)),
        _day_button(locale, after, "{} ›", view.only) if after <= last else looked_at(EMPTY),
    )
    jumps = (
        _day_button(locale, day, f"{{}} · {count}" if count else "{}", view.only)
        for day, count in view.ahead.items()
    )
    link = openings(locale, ("link",), own=view.own) if view.idle else ()
    return (row, *grid(jumps, width=_DAYS_PER_ROW), *link)


def _whose(locale: UserLocale, view: DayView) -> Rows:
    """Return the providers whose day can be shown alone; others can be typed by name."""
    if not view.providers:
        return ()
    offered = [
        each for n, each in enumerate(view.providers) if n < _MOST_PROVIDERS or each.id == view.only
    ]
    shown = [
        *((each.id, _shortened(each.label, _LABEL_NAME_SHOWN)) for each in offered),
        (None, locale.t.plain("agenda.all")),
    ]
    buttons = (
        button(
            f"✅ {isolated(label)}" if number == view.only else isolated(label),
            AgendaDay(view.day, number),
        )
        for number, label in shown
    )
    return grid(buttons, width=_DAYS_PER_ROW)


def _today(locale: UserLocale, today: date, only: int | None) -> Button:
    """Return the button of today."""
    return button(locale.t.plain("agenda.today"), AgendaDay(today, only))


def _day_button(locale: UserLocale, day: date, shape: str, only: int | None) -> Button:
    """Return the button of a day."""
    return button(shape.format(locale.times.short_day(day)), AgendaDay(day, only))


def _linked(client: Person, name: str) -> Markup:
    """Return a client's name, as a link to their chat if they have a username."""
    if client.username is None:
        return Markup.escape(isolated(name))
    return Markup('<a href="https://t.me/{}">{}</a>').format(client.username, isolated(name))


def _shortened(name: str, most: int) -> str:
    """Return a name cut to at most ``most`` characters."""
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"
