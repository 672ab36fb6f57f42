"""The screens of a provider's agenda."""

from dataclasses import replace
from datetime import timedelta

from bot.features.agenda.screens import (
    DayView,
    Entry,
    agenda_day,
    agenda_entry,
    day_not_read,
    entry_changed,
    reason_question,
    reason_to_confirm,
)
from bot.parsing.core.results import Problem
from tests.kit.preview import Previews
from tests.kit.screens import (
    ALICE,
    BOB,
    BOOKED,
    CANCELLED_BY_CLIENT,
    CANCELLED_BY_PROVIDER,
    DORA,
    EMIL,
    HELD,
    NOW,
    TODAY,
    WEDNESDAY,
    slot,
)

WITHIN = (TODAY - timedelta(days=3), TODAY + timedelta(days=60))
ENTRY, WAITING = Entry(BOOKED, ALICE), Entry(replace(HELD, span=slot(2)), BOB)
GONE = Entry(CANCELLED_BY_CLIENT, ALICE)
UNREAD = Problem("not_understood", {"text": "soon"})
CONTRADICTION = Problem("weekday_contradicts", {"weekday": 5, "day": WEDNESDAY}, (WEDNESDAY, TODAY))
REASON = "I'm ill, sorry."

PREVIEWS = Previews()
PREVIEWS.add(
    agenda_day,
    appointments=lambda by: agenda_day(
        by, DayView(WEDNESDAY, TODAY, [ENTRY, WAITING], 2, 0, {}, WITHIN, held=1)
    ),
    empty_today=lambda by: agenda_day(
        by, DayView(TODAY, TODAY, [], 0, 0, {WEDNESDAY: 3}, WITHIN, upcoming=(WEDNESDAY, 3, 1))
    ),
    a_listed_one_is_off=lambda by: agenda_day(
        by,
        DayView(WEDNESDAY, TODAY, [WAITING], 1, 0, {}, WITHIN, held=1),
        entry_changed(by, GONE, NOW),
    ),
    of_several=lambda by: agenda_day(
        by,
        DayView(
            WEDNESDAY,
            TODAY,
            [replace(ENTRY, provider="Dora"), replace(WAITING, provider="Emil")],
            2,
            0,
            {},
            WITHIN,
            providers=[DORA, EMIL],
            held=1,
        ),
    ),
    one_of_several=lambda by: agenda_day(
        by,
        DayView(
            WEDNESDAY,
            TODAY,
            [WAITING],
            1,
            0,
            {},
            WITHIN,
            providers=[DORA, EMIL],
            only=EMIL.id,
            held=1,
        ),
    ),
    nothing_ahead=lambda by: agenda_day(by, DayView(TODAY, TODAY, [], 0, 0, {}, WITHIN, idle=True)),
    nothing_ahead_of_others=lambda by: agenda_day(
        by, DayView(TODAY, TODAY, [], 0, 0, {}, WITHIN, idle=True, own=False)
    ),
)
PREVIEWS.add(
    agenda_entry,
    booked=lambda by: agenda_entry(by, ENTRY, NOW),
    held=lambda by: agenda_entry(by, WAITING, NOW),
    cancelled=lambda by: agenda_entry(by, GONE, NOW),
    cancelled_by_the_team=lambda by: agenda_entry(
        by, Entry(CANCELLED_BY_PROVIDER, ALICE, team=True), NOW
    ),
)
PREVIEWS.add(
    day_not_read,
    not_understood=lambda by: day_not_read(by, UNREAD, TODAY),
    two_days_meant=lambda by: day_not_read(by, CONTRADICTION, TODAY),
)
PREVIEWS.add(reason_question, all=lambda by: reason_question(by, ENTRY))
PREVIEWS.add(reason_to_confirm, all=lambda by: reason_to_confirm(by, ENTRY, REASON))
