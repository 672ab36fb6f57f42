"""The screens of opening, previewing and removing hours."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from bot.buttons.hours import DraftStart, HoursHome, PostedDay, RemoveHours
from bot.features.hours.calendar_screens import (
    draft_calendar,
    draft_end,
    draft_start,
    hours_wanted,
    time_offered,
)
from bot.features.hours.preview_screens import (
    Posting,
    Suggestion,
    all_past,
    cannot_repeat,
    did_you_mean,
    discarded,
    preview,
    published,
    refused,
    undone,
)
from bot.features.hours.removal_screens import Booked, bookings_inside, removal_to_confirm
from bot.features.hours.screens import hours_home, posted_day, whose_hours
from domain.policy import BookingPolicy
from domain.posting import Draft, plan
from domain.timespan import WallSpan
from tests.kit.preview import Previews
from tests.kit.screens import BOOKED, DORA, EMIL, HELD, NOW, TODAY, WEDNESDAY, slot

POLICY, QUARTER = BookingPolicy(), timedelta(minutes=15)
WITHIN = (TODAY, TODAY + timedelta(days=399))
MORNING, AFTERNOON = WallSpan(9 * 60, 12 * 60), WallSpan(13 * 60, 17 * 60)
ONE_DAY = ((WEDNESDAY, (MORNING, AFTERNOON)),)
WEEK = tuple((TODAY + timedelta(days=n), (MORNING, AFTERNOON)) for n in range(1, 6))
SPANS = plan(WEEK, ZoneInfo("Europe/Berlin"), NOW)
DRAFT = Draft(1, 1, WEEK, added=SPANS)
EMPTY, CHOSEN = Draft(1, 1), Draft(1, 1, ((WEDNESDAY, ()),))
HOURS = [slot(0, 12)]

PREVIEWS = Previews()
PREVIEWS.add(
    hours_home,
    none_yet=lambda by: hours_home(by, [], TODAY, page=0, provider=1),
    none_yet_and_no_zone=lambda by: hours_home(
        by, [], TODAY, page=0, provider=1, zone_chosen=False
    ),
    open=lambda by: hours_home(by, [(WEDNESDAY, tuple(HOURS))], TODAY, page=0, provider=1),
    one_of_several=lambda by: hours_home(by, [], TODAY, page=0, provider=1, several=True),
    none_yet_of_another=lambda by: hours_home(by, [], TODAY, page=0, provider=2, own=False),
    open_of_another=lambda by: hours_home(
        by, [(WEDNESDAY, tuple(HOURS))], TODAY, page=0, provider=2, own=False
    ),
)
PREVIEWS.add(
    posted_day,
    one_span=lambda by: posted_day(by, WEDNESDAY, HOURS, 1),
    two_spans=lambda by: posted_day(by, WEDNESDAY, [slot(0, 12), slot(16, 16)], 1),
)
PREVIEWS.add(
    draft_calendar,
    nothing_chosen=lambda by: draft_calendar(by, EMPTY, date(2026, 11, 1), WITHIN),
    a_day_chosen=lambda by: draft_calendar(by, CHOSEN, date(2026, 11, 1), WITHIN),
)
PREVIEWS.add(draft_start, all=lambda by: draft_start(by, CHOSEN, TODAY))
PREVIEWS.add(draft_end, all=lambda by: draft_end(by, CHOSEN, 9 * 60, TODAY))
PREVIEWS.add(hours_wanted, all=lambda by: hours_wanted(by, CHOSEN, TODAY))
PREVIEWS.add(time_offered, all=lambda _by: time_offered("09:07", 9 * 60, DraftStart(1, 9 * 60)))
PREVIEWS.add(
    preview,
    a_day=lambda by: preview(by, Posting(Draft(1, 1, WEEK[:1]), SPANS[:2], (), 28), QUARTER, TODAY),
    a_week=lambda by: preview(by, Posting(DRAFT, SPANS, (), 140), QUARTER, TODAY),
    partly_open_already=lambda by: preview(
        by, Posting(DRAFT, SPANS, SPANS[:2], 112), QUARTER, TODAY
    ),
    all_open_already=lambda by: preview(by, Posting(DRAFT, SPANS, SPANS, 140), QUARTER, TODAY),
)
PREVIEWS.add(
    published,
    bookable=lambda by: published(by, DRAFT, 140, POLICY, TODAY),
    not_bookable_yet=lambda by: published(by, DRAFT, 0, POLICY, TODAY, too_early=True),
    nothing_new=lambda by: published(by, Draft(1, 1, WEEK), 0, POLICY, TODAY),
)
PREVIEWS.add(did_you_mean, all=lambda by: did_you_mean(by, MORNING, Suggestion(1, ONE_DAY), TODAY))
PREVIEWS.add(
    refused,
    with_a_suggestion=lambda by: refused(
        by, by.t.plain("hours.all_past"), [Suggestion(1, ONE_DAY)], TODAY, HoursHome(0)
    ),
    without=lambda by: refused(by, by.t.plain("hours.all_past"), [], TODAY, HoursHome(0)),
)
PREVIEWS.add(all_past, all=lambda by: all_past(by, Suggestion(1, WEEK), HoursHome(0)))
PREVIEWS.add(cannot_repeat, all=lambda by: cannot_repeat(by, 1))
PREVIEWS.add(
    discarded,
    own=lambda by: discarded(by, DRAFT),
    of_another_provider=lambda by: discarded(by, DRAFT, EMIL),
)
PREVIEWS.add(undone, all=lambda by: undone(by, DRAFT, TODAY))
PREVIEWS.add(
    bookings_inside,
    some=lambda by: bookings_inside(
        by,
        [Booked(BOOKED, "Alice"), Booked(HELD, "Bob")],
        lambda answer: RemoveHours(slot(0).start, slot(12).start, answer),
        PostedDay(WEDNESDAY),
    ),
)
PREVIEWS.add(removal_to_confirm, all=lambda by: removal_to_confirm(by, WEDNESDAY, HOURS, [], 1))
PREVIEWS.add(whose_hours, all=lambda by: whose_hours(by, [DORA, EMIL]))
