"""The screens of a provider's agenda."""

from dataclasses import replace
from datetime import timedelta

from bot.features.agenda.screens import (
    DayView,
    Entry,
    agenda_day,
    agenda_entry,
    reason_question,
    reason_to_confirm,
)
from tests.kit.preview import Previews
from tests.kit.screens import (
    ALICE,
    BOB,
    BOOKED,
    CANCELLED_BY_CLIENT,
    HELD,
    NOW,
    TODAY,
    WEDNESDAY,
    slot,
)

WITHIN = (TODAY - timedelta(days=3), TODAY + timedelta(days=60))
ENTRY, WAITING = Entry(BOOKED, ALICE), Entry(replace(HELD, span=slot(2)), BOB)
REASON = "I'm ill, sorry."

PREVIEWS = Previews()
PREVIEWS.add(
    agenda_day,
    appointments=lambda by: agenda_day(
        by, DayView(WEDNESDAY, TODAY, [ENTRY, WAITING], 2, 0, {}, WITHIN)
    ),
    empty_today=lambda by: agenda_day(by, DayView(TODAY, TODAY, [], 0, 0, {WEDNESDAY: 3}, WITHIN)),
    nothing_ahead=lambda by: agenda_day(by, DayView(TODAY, TODAY, [], 0, 0, {}, WITHIN, idle=True)),
)
PREVIEWS.add(
    agenda_entry,
    booked=lambda by: agenda_entry(by, ENTRY, NOW),
    held=lambda by: agenda_entry(by, WAITING, NOW),
    cancelled=lambda by: agenda_entry(by, Entry(CANCELLED_BY_CLIENT, ALICE), NOW),
)
PREVIEWS.add(reason_question, all=lambda by: reason_question(by, ENTRY))
PREVIEWS.add(reason_to_confirm, all=lambda by: reason_to_confirm(by, ENTRY, REASON))
