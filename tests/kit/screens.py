"""Screens without a bot: sample data, and what a screen offers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.buttons.base import read
from bot.messages.screen import Screen
from bot.ui.formats import Times
from bot.ui.locale import UserLocale
from bot.ui.texts import texts_in
from domain.person import Person
from domain.provider import Provider
from domain.reservation import Party, Reservation, Status
from domain.timespan import TimeSpan
from tests.kit.cells import QUARTER, cell_of

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TODAY, WEDNESDAY = date(2026, 11, 23), date(2026, 11, 25)
NINE = cell_of(datetime(2026, 11, 25, 8, tzinfo=UTC))
"""9:00 in Berlin on Wednesday 25 November 2026, as a cell."""

ALICE = Person(101, 7_000_101, "Alice", "alice_a")
BOB = Person(102, 7_000_102, "Bob")
DORA = Provider(1, "Dora", "dora")
EMIL = Provider(2, "Emil", "emil")

HELD = Reservation(
    1, 1, 101, TimeSpan(NINE, NINE + QUARTER), Status.HELD, NOW, NOW + timedelta(minutes=30)
)
BOOKED = replace(HELD, id=2, status=Status.CONFIRMED, expires_at=None, confirmed_at=NOW)
EXPIRED = replace(HELD, status=Status.EXPIRED, ended_at=NOW)
RELEASED = replace(HELD, status=Status.CANCELLED, ended_at=NOW, ended_by=Party.CLIENT)
CANCELLED_BY_CLIENT = replace(BOOKED, status=Status.CANCELLED, ended_at=NOW, ended_by=Party.CLIENT)
CANCELLED_BY_PROVIDER = replace(
    CANCELLED_BY_CLIENT, ended_by=Party.PROVIDER, reason="I'm ill, sorry."
)


def locale_in(language: str = "en", zone: str = "Europe/Berlin") -> UserLocale:
    """Return a person's locale: their language and time zone."""
    t = texts_in(language)
    return UserLocale(t, Times(t.locale, ZoneInfo(zone)))


def labels(screen: Screen) -> list[str]:
    """Return the labels of a screen's buttons, row after row."""
    return [button.label for row in screen.rows for button in row]


def button_data(screen: Screen) -> list[object]:
    """Return what a screen's buttons carry, row after row."""
    return [read(button.data) for row in screen.rows for button in row]


def slot(offset: int, quarters: int = 1) -> TimeSpan:
    """Return a slot so many quarter-hours after 9:00 on Wednesday."""
    return TimeSpan(NINE + offset * QUARTER, NINE + (offset + quarters) * QUARTER)
