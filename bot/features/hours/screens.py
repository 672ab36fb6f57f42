"""The screens of a provider's open hours: all days, and one day."""

from collections.abc import Sequence
from datetime import date

from markupsafe import Markup

from bot.buttons.hours import AskRemoval, HoursHome, HoursOf, NewDraft, PostedDay
from bot.buttons.people import Open
from bot.features.hours.day_lines import DaySpans, day_name, spans_text
from bot.messages.screen import Button, Screen
from bot.ui.keyboards import button, pager, pages_of
from bot.ui.locale import UserLocale
from bot.ui.texts import Texts
from domain.provider import Provider
from domain.timespan import TimeSpan

DAYS_PER_PAGE = 10
MOST_PROVIDERS = 90
_LABEL_SPANS = 2


def hours_home(
    locale: UserLocale,
    posted: Sequence[DaySpans],
    today: date,
    *,
    page: int,
    provider: int,
    own: bool = True,
    zone_chosen: bool = True,
    several: bool = False,
) -> Screen:
    """Return how to add hours, and a page of the days with open hours from today on.

    ``own`` is whether they are the person's own hours. If the time zone was not chosen, the screen
    says where to choose it. If the person acts for several providers, a button leads to the others.
    """
    t = locale.t
    pages = pages_of(posted, DAYS_PER_PAGE)
    page = min(page, pages - 1)
    shown = posted[page * DAYS_PER_PAGE : (page + 1) * DAYS_PER_PAGE]
    listed = t(
        "hours.home.list", posted=_posted(t, len(posted), own=own), zone=locale.times.zone_city
    )
    text = "\n\n".join(
        (
            t("hours.home" if own else "hours.home_of_others"),
            listed if zone_chosen else Markup("{}\n{}").format(listed, t("hours.home.zone")),
        )
    )
    days = tuple((_day(locale, day, spans, today, provider),) for day, spans in shown)
    return Screen(
        text,
        (
            (button(t.plain("hours.choose_days"), NewDraft(provider)),),
            *days,
            *pager(page, pages, lambda turned: HoursHome(turned, provider)),
            *(((button(t.plain("hours.whose"), Open("hours")),),) if several else ()),
        ),
    )


def _posted(t: Texts, days: int, *, own: bool) -> Markup:
    """Say on how many days there are hours."""
    if not days:
        return t("hours.home.nothing" if own else "hours.home_of_others.nothing")
    return t.count("hours.home.posted" if own else "hours.home_of_others.posted", days)


def posted_day(locale: UserLocale, day: date, spans: Sequence[TimeSpan], provider: int) -> Screen:
    """Return the open hours of a day, with buttons to remove all of them or one span."""
    t, times = locale.t, locale.times
    back = (button(t.plain("button.back"), HoursHome(0, provider)),)
    text = t(
        "hours.day",
        day=times.day(day),
        spans=spans_text(locale, spans, most=len(spans)),
        zone=locale.in_zone(),
    )
    parts = spans if len(spans) > 1 else ()
    rows = tuple(
        (
            button(
                t.plain("hours.remove_span", span=times.span(span)),
                AskRemoval(span.start, span.end, provider),
            ),
        )
        for span in parts
    )
    all_of_it = AskRemoval(spans[0].start, spans[-1].end, provider)
    whole = (button(t.plain("hours.remove_day"), all_of_it),)
    return Screen(text, (*rows, whole, back))


def _day(
    locale: UserLocale, day: date, spans: Sequence[TimeSpan], today: date, provider: int
) -> Button:
    """Return the button of a day with open hours."""
    label = f"{day_name(locale, day, today)} · {spans_text(locale, spans, most=_LABEL_SPANS)}"
    return button(label, PostedDay(day, provider))


def whose_hours(locale: UserLocale, providers: Sequence[Provider]) -> Screen:
    """Ask for which provider hours are meant, by a button or a typed name."""
    rows = tuple((button(each.label, HoursOf(each.id)),) for each in providers[:MOST_PROVIDERS])
    return Screen(locale.t("hours.whose"), rows)
