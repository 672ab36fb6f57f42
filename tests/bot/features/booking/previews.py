"""The screens of choosing a provider, a day and a time."""

from datetime import date, timedelta

from bot.features.booking.moving_screens import holding, move_offer, not_free_to_move
from bot.features.booking.screens import (
    Booking,
    calendar,
    day_times,
    days_at,
    no_providers,
    no_such_provider,
    provider_list,
    which_day,
    with_nearest,
)
from tests.kit.preview import Previews
from tests.kit.screens import DORA, EMIL, HELD, TODAY, WEDNESDAY, slot

CHOSEN, CHOICE = Booking(DORA), Booking(DORA, others=True)
MOVING = Booking(DORA, moving=HELD.id, kept=HELD)
WITHIN = (TODAY, TODAY + timedelta(days=60))
DAYS = {WEDNESDAY, WEDNESDAY + timedelta(days=1)}
TIMES = [slot(n) for n in range(12)]
SOONEST = [slot(0), slot(16), slot(96)]
MONTH = date(2026, 11, 1)

PREVIEWS = Previews()
PREVIEWS.add(
    provider_list,
    several=lambda by: provider_list(by, [DORA, EMIL], page=0, pages=1),
    first_of_three_pages=lambda by: provider_list(by, [DORA, EMIL], page=0, pages=3),
    found_by_name=lambda by: provider_list(by, [DORA], page=0, pages=1, part="do"),
)
PREVIEWS.add(
    calendar,
    free_days=lambda by: calendar(by, CHOSEN, MONTH, DAYS, SOONEST, WITHIN),
    several_providers=lambda by: calendar(by, CHOICE, MONTH, DAYS, SOONEST, WITHIN),
    moving_a_hold=lambda by: calendar(by, MOVING, MONTH, DAYS, SOONEST, WITHIN),
    no_free_day_this_month=lambda by: calendar(
        by, CHOSEN, date(2026, 12, 1), set(), SOONEST, WITHIN
    ),
    into_the_next_month=lambda by: calendar(
        by, CHOSEN, MONTH, {WEDNESDAY, date(2026, 12, 1)}, SOONEST, WITHIN
    ),
    nothing_free=lambda by: calendar(by, CHOSEN, MONTH, set(), [], WITHIN),
)
PREVIEWS.add(
    day_times,
    free_times=lambda by: day_times(by, CHOSEN, WEDNESDAY, TIMES, [], page=0),
    moving_a_hold=lambda by: day_times(by, MOVING, WEDNESDAY, TIMES[1:], [HELD.span], page=0),
    fully_booked=lambda by: with_nearest(
        by, CHOSEN, day_times(by, CHOSEN, WEDNESDAY, [], [], page=0, full=True), SOONEST
    ),
    no_open_hours=lambda by: with_nearest(
        by, CHOSEN, day_times(by, CHOSEN, WEDNESDAY, [], [], page=0), SOONEST
    ),
)
PREVIEWS.add(days_at, several_days=lambda by: days_at(by, CHOSEN, "9:00", [slot(0), slot(96)]))
PREVIEWS.add(
    which_day, all=lambda by: which_day(by, CHOSEN, [date(2026, 12, 7), date(2027, 7, 12)])
)
PREVIEWS.add(
    no_providers,
    client=lambda by: no_providers(by, admin=False),
    admin=lambda by: no_providers(by, admin=True),
)
PREVIEWS.add(no_such_provider, all=lambda by: no_such_provider(by, "Zoe"))
PREVIEWS.add(holding, all=lambda by: holding(by, HELD))
PREVIEWS.add(move_offer, this_week=lambda by: move_offer(by, HELD, [slot(8)], TODAY))
PREVIEWS.add(
    not_free_to_move,
    nearest_times=lambda by: not_free_to_move(by, HELD, "Wednesday, 10:00", SOONEST, TODAY),
)
