"""The screens of a draft of hours: its preview, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from bot.buttons.base import CallbackData
from bot.buttons.hours import DiscardDraft, HoursHome, NewDraft, PublishDraft, ShowDraft, UndoDraft
from bot.features.hours.day_lines import clock_changes, cut, day_lines, grouped, hours_label
from bot.features.hours.removal_screens import ASK
from bot.messages.screen import Button, Rows, Screen
from bot.ui.formats import wall_span
from bot.ui.keyboards import button
from bot.ui.locale import UserLocale
from domain.policy import BookingPolicy
from domain.posting import DayHours, Draft
from domain.provider import Provider
from domain.timespan import TimeSpan, WallSpan, merged

_POSTED_SHOWN = 5
_CHANGES_SHOWN = 3
_NOTES_LENGTH = 1500


@dataclass(frozen=True, slots=True)
class Posting:
    """The preview of a draft: all its time, the part that is open already, and its slots.

    ``notes`` say how a typed draft was read. ``back`` leads to the choice of the end of a tapped
    one.
    """

    draft: Draft
    spans: tuple[TimeSpan, ...]
    posted: tuple[TimeSpan, ...]
    slots: int
    notes: Sequence[str] = ()
    back: CallbackData | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A draft offered instead of hours that were refused or not understood."""

    draft: int
    days: Sequence[DayHours]


def preview(locale: UserLocale, posting: Posting, slot_length: timedelta, today: date) -> Screen:
    """Return the preview with ``Publish`` and ``Discard``, unless nothing would change."""
    t = locale.t
    days = grouped(locale, posting.spans)
    total = t(
        "hours.total",
        days=t.count("hours.days", len(days)),
        slots=t.count("hours.slots", posting.slots),
    )
    parts = [
        t(
            "hours.preview",
            lines=day_lines(locale, days, today),
            total=total,
            zone=locale.in_zone(),
        ),
        *_remarks(locale, posting, slot_length, today),
    ]
    draft, discard = (
        posting.draft.id,
        button(t.plain("button.discard"), DiscardDraft(posting.draft.id)),
    )
    if _is_all_posted(posting):
        leave = button(t.plain("button.back"), posting.back) if posting.back else discard
        return Screen("\n\n".join(parts), ((_home(locale, posting.draft.provider_id), leave),))
    choice = (button(t.plain("button.publish"), PublishDraft(draft)), discard)
    return Screen("\n\n".join(parts), (choice, *_back(locale, posting.back)))


def published(
    locale: UserLocale,
    draft: Draft,
    bookable: int,
    policy: BookingPolicy,
    today: date,
    *,
    too_early: bool = False,
    too_soon: bool = False,
) -> Screen:
    """Return what publishing added, with ``Undo``.

    ``bookable`` is the number of added slots that can be booked now. ``too_early`` is true if there
    are none because all are beyond the booking horizon, ``too_soon`` if all are within the notice
    period.
    """
    t = locale.t
    if not draft.added:
        return Screen(t("hours.published_nothing"), _ways_on(locale, draft.provider_id))
    lines = day_lines(locale, grouped(locale, draft.added), today)
    undo = (
        button(t.plain("button.undo"), UndoDraft(draft.id, ASK)),
        _home(locale, draft.provider_id),
    )
    outlook = _outlook(locale, bookable, policy, too_early=too_early, too_soon=too_soon)
    return Screen(
        t("hours.published", lines=lines, outlook=outlook, zone=locale.in_zone()), (undo,)
    )


def _outlook(
    locale: UserLocale, bookable: int, policy: BookingPolicy, *, too_early: bool, too_soon: bool
) -> Markup:
    """Return how many slots can be booked now, and how far ahead clients can book."""
    t, times = locale.t, locale.times
    notice, horizon = times.duration(policy.notice_period), times.duration(policy.booking_horizon)
    if too_early:
        return t("hours.none_bookable", horizon=horizon)
    if too_soon:
        return t("hours.too_soon", notice=notice)
    window = t(
        "hours.window" if policy.notice_period else "hours.window_at_once",
        notice=notice,
        horizon=horizon,
    )
    return Markup("{} {}").format(t.count("hours.bookable", bookable), window)


def discarded(locale: UserLocale, draft: Draft, of: Provider | None = None) -> Screen:
    """Say that a draft was discarded; ``of`` is its provider if that is not the reader."""
    t = locale.t
    text = t("hours.discarded_of", provider=of.label) if of else t("hours.discarded")
    return Screen(text, _ways_on(locale, draft.provider_id))


def undone(locale: UserLocale, draft: Draft, today: date) -> Screen:
    """Say that the hours that publishing had added are removed again."""
    lines = day_lines(locale, grouped(locale, draft.added), today)
    text = locale.t("hours.undone", lines=lines, zone=locale.in_zone())
    return Screen(text, _ways_on(locale, draft.provider_id))


def refused(
    locale: UserLocale,
    reason: str,
    suggestions: Sequence[Suggestion],
    today: date,
    back: CallbackData | None = None,
) -> Screen:
    """Say why hours were refused or not understood, with a button for each suggestion."""
    t = locale.t
    rows = tuple(
        (button(hours_label(locale, one.days, today), ShowDraft(one.draft)),) for one in suggestions
    )
    text = t("hours.refused", reason=reason)
    if suggestions:
        text = Markup("{}\n\n{}").format(text, t.count("hours.suggested", len(suggestions)))
    return Screen(text, (*rows, *_back(locale, back)))


def all_past(locale: UserLocale, next_week: Suggestion, back: CallbackData) -> Screen:
    """Say that all hours are past, with the same hours in the next week as a button."""
    t = locale.t
    later = button(t.plain("hours.next_week"), ShowDraft(next_week.draft))
    return Screen(
        t("hours.refused", reason=t("hours.past_next_week")), ((later,), *_back(locale, back))
    )


def did_you_mean(locale: UserLocale, span: WallSpan, suggestion: Suggestion, today: date) -> Screen:
    """Ask whether later hours were meant: the typed ones end before they start."""
    text = locale.t("hours.did_you_mean", span=wall_span(span))
    return Screen(
        text, ((button(hours_label(locale, suggestion.days, today), ShowDraft(suggestion.draft)),),)
    )


def cannot_repeat(locale: UserLocale, provider: int) -> Screen:
    """Say that weekly hours are not supported, with a button to the calendar."""
    choose = button(locale.t.plain("hours.choose_days"), NewDraft(provider))
    return Screen(locale.t("typed.no_repeat"), ((choose,),))


def _remarks(
    locale: UserLocale, posting: Posting, slot_length: timedelta, today: date
) -> list[str]:
    """Return the remarks of a preview: hours open already, clock changes, assumptions."""
    t = locale.t
    remarks: list[str] = []
    if _is_all_posted(posting):
        remarks.append(t("hours.all_posted"))
    elif posting.posted:
        lines = day_lines(
            locale, grouped(locale, merged(posting.posted)), today, most=_POSTED_SHOWN
        )
        remarks.append(t("hours.partly_posted", lines=lines))
    if not posting.slots:
        remarks.append(t("hours.no_slot_fits", length=locale.times.duration(slot_length)))
    changed = clock_changes(locale, posting.draft.days, posting.spans)[:_CHANGES_SHOWN]
    remarks += [_clock_change(locale, day, minutes) for day, minutes in changed]
    return remarks + list(cut(posting.notes, _NOTES_LENGTH))


def _clock_change(locale: UserLocale, day: date, minutes: int) -> str:
    """Return by how much a clock change makes a day's hours shorter or longer."""
    key = "hours.clock_change.shorter" if minutes < 0 else "hours.clock_change.longer"
    by = locale.times.duration(timedelta(minutes=abs(minutes)))
    return locale.t(key, day=locale.times.day(day), by=by)


def _is_all_posted(posting: Posting) -> bool:
    """Return whether publishing would add nothing."""
    return merged(posting.posted) == posting.spans


def _ways_on(locale: UserLocale, provider: int) -> Rows:
    """Return a row with the buttons to the calendar and to the open hours."""
    choose = button(locale.t.plain("hours.choose_days"), NewDraft(provider))
    return ((choose, _home(locale, provider)),)


def _home(locale: UserLocale, provider: int) -> Button:
    """Return the button to the open hours."""
    return button(locale.t.plain("hours.see"), HoursHome(0, provider))


def _back(locale: UserLocale, back: CallbackData | None) -> Rows:
    """Return a row with the Back button, or none if it leads nowhere."""
    return ((button(locale.t.plain("button.back"), back),),) if back else ()
