"""Buttons forged by people who do not act for the provider, and buttons older than assistants."""

from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from bot.buttons.agenda import (
    AgendaDay,
    AgendaEntry,
    AgendaPage,
    AskReason,
    CancelForClient,
    CancelWithReason,
    OpenAgendaDay,
)
from bot.buttons.base import CallbackData
from bot.buttons.booking import (
    BookingDay,
    BookingMonth,
    ChooseProvider,
    ConfirmHold,
    OtherTime,
    PickSlot,
    ReleaseHold,
    ShowCard,
)
from bot.buttons.bookings import AskCancel, CancelBooking, ShowBooking
from bot.buttons.hours import (
    AskRemoval,
    DiscardDraft,
    DraftEnd,
    DraftMonth,
    DraftStart,
    DraftTimes,
    HoursHome,
    HoursOf,
    NewDraft,
    PostedDay,
    PublishDraft,
    RemoveHours,
    ShowDraft,
    ToggleDay,
    UndoDraft,
)
from bot.buttons.invite import AskDismissal, DismissAssistant, HandOver, InviteAssistant
from bot.buttons.people import AskName, AskZoneOf, ChooseNotifications, ChooseZoneOf, LinkOf
from bot.features.agenda.screens import reason_mark
from tests.kit.bot import BotHarness
from tests.kit.buttons import button_types
from tests.kit.cells import QUARTER
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider, in_berlin
from tests.kit.practice import add_absent_provider, add_assistant, provider_of
from tests.kit.raw_database import rows

pytestmark = pytest.mark.usually("sqlite")

DAY = date(2026, 11, 25)
NINE, TWELVE = in_berlin(25, 9), in_berlin(25, 12)
# What Dora has: provider 1, reservation 1, and draft 1, which is published, and 2, which is not.
DORAS: list[CallbackData] = [
    AgendaDay(DAY, 1),
    AgendaEntry(1),
    AgendaPage(DAY, 0, 1),
    AskReason(1),
    CancelForClient(1),
    CancelWithReason(1, reason_mark("ill")),
    OpenAgendaDay(DAY, 1),
    AskRemoval(NINE, TWELVE, 1),
    DiscardDraft(2),
    DraftEnd(2, 540, 600),
    DraftMonth(2, DAY),
    DraftStart(2, 540),
    DraftTimes(2),
    HoursHome(0, 1),
    HoursOf(1),
    NewDraft(1),
    PostedDay(DAY, 1),
    PublishDraft(2),
    RemoveHours(NINE, TWELVE, "k", 1),
    ShowDraft(2),
    ToggleDay(2, DAY, 1),
    UndoDraft(1, "k"),
    AskName(1),
    ChooseNotifications(1, 0),
    LinkOf(1),
]
ADMINS: list[CallbackData] = [
    HandOver(1),
    InviteAssistant(1),
    AskDismissal(1, 1),
    DismissAssistant(1, 1, 1),
]
ALICES: list[CallbackData] = [
    ConfirmHold(1),
    OtherTime(1),
    ReleaseHold(1),
    ShowCard(1),
    AskCancel(1),
    CancelBooking(1),
    ShowBooking(1),
]
# Dora has an account, so no one else chooses her time zone.
ZONES: list[CallbackData] = [AskZoneOf(1), ChooseZoneOf(1, "Asia/Tokyo")]
FORGED = [*DORAS, *ADMINS, *ALICES, *ZONES]
# Everyone may look at a provider's free times and hold one.
PUBLIC = {BookingDay, BookingMonth, ChooseProvider, PickSlot}
KEPT = ("provider", "acts_for", "availability", "draft", "reservation", "busy", "history")


def stored(bot: BotHarness) -> dict[str, list[Any]]:
    """Return the rows of providers, their hours, drafts and reservations."""
    kept = {table: rows(bot.app.database.url, f"SELECT * FROM {table}") for table in KEPT}
    return {table: sorted(found, key=str) for table, found in kept.items()}


@pytest.fixture
async def dora(bot: BotHarness, alice: ChatUser) -> ChatUser:
    """Return a provider with a booking by Alice, a published draft and an open one."""
    dora = await add_provider(bot)
    await alice.books("09:15")
    await dora.sends("/hours 26 Nov 9-12")
    await dora.taps("Publish")
    await dora.sends("/hours 27 Nov 9-12")
    return dora


def test_every_button_about_a_provider_a_draft_or_a_reservation_is_forged_here() -> None:
    about = {
        kind
        for kind in button_types()
        if {"provider", "draft", "reservation"} & {field.name for field in fields(kind)}  # type: ignore[arg-type]
    }
    assert {type(choice) for choice in FORGED} == about - PUBLIC


@pytest.mark.parametrize("who", ["an assistant of another provider", "another client"])
@pytest.mark.parametrize("choice", FORGED, ids=lambda choice: type(choice).__name__)
async def test_a_button_for_others_is_refused_and_changes_nothing(
    bot: BotHarness, dora: ChatUser, choice: CallbackData, who: str
) -> None:
    stranger = bot.joins("Otto")
    if who == "an assistant of another provider":
        await add_assistant(bot, stranger, await add_absent_provider(bot, "Emil", days=(25,)))
    await stranger.sends("/start")
    before, shown = stored(bot), [str(message) for message in stranger.shown]
    assert before["reservation"]

    await stranger.taps_data(choice.pack(), stranger.card.id)

    text, is_alert = stranger.person.toasts[-1]
    assert text
    assert is_alert
    assert stored(bot) == before
    if choice in ALICES:
        # Their own list, which is empty, replaces a list that shows what is no longer there.
        assert not stranger.sees("Dora")
    else:
        assert [str(message) for message in stranger.shown] == shown
    await stranger.sends("ill")
    assert stored(bot) == before


@pytest.mark.parametrize("who", ["dora", "her assistant"])
@pytest.mark.parametrize("choice", DORAS, ids=lambda choice: type(choice).__name__)
async def test_the_same_button_works_for_those_who_act_for_the_provider(
    bot: BotHarness, dora: ChatUser, choice: CallbackData, who: str
) -> None:
    assistant = bot.joins("Rita")
    await add_assistant(bot, assistant, await provider_of(bot, dora))
    await assistant.sends("/start")
    user = dora if who == "dora" else assistant

    await user.taps_data(choice.pack(), user.card.id)

    assert not user.person.toasts[-1:] or not user.person.toasts[-1][1]


@pytest.fixture
async def both(bot: BotHarness) -> ChatUser:
    """Return Dora, who works 9:00 to 12:00 on 25 November, and assists Emil, who does too."""
    dora = await add_provider(bot)
    await add_assistant(bot, dora, await add_absent_provider(bot, "Emil", days=(25, 26)))
    await dora.sends("/start")
    return dora


@pytest.mark.parametrize(
    ("old", "shows"),
    [
        ("hh:0", "open on 1 day"),
        ("hd:20261125", "Open: 09:00–12:00"),
        ("hn", "Which days?"),
        (f"hq:{NINE // QUARTER}:{TWELVE // QUARTER}", "Remove these hours?"),
        (f"hr:{NINE // QUARTER}:{TWELVE // QUARTER}:a", "Removed: Wed 25 Nov, 09:00–12:00"),
        ("sn", "Clients see you as Dora."),
    ],
)
async def test_an_old_button_means_the_provider_who_taps_it(
    bot: BotHarness, both: ChatUser, old: str, shows: str
) -> None:
    await both.taps_data(old, both.card.id)

    assert both.card.text.startswith("👤 Dora\n\n")
    both.card.shows(shows)
    emils = "SELECT start_cell, end_cell FROM availability WHERE provider_id = 2 ORDER BY 1"
    assert rows(bot.app.database.url, emils) == [
        (NINE, TWELVE),
        (in_berlin(26, 9), in_berlin(26, 12)),
    ]
    assert all(row == (1,) for row in rows(bot.app.database.url, "SELECT provider_id FROM draft"))


@pytest.mark.parametrize("old", ["ad:20261125", "ap:20261125:0", "ao:20261125"])
async def test_an_old_button_of_the_agenda_shows_all_days_side_by_side(
    bot: BotHarness, both: ChatUser, alice: ChatUser, old: str
) -> None:
    await alice.books("09:15", provider="Dora")
    await both.taps_data(old, both.last.id)

    both.last.shows("Wednesday, 25 November 2026", "09:15–09:30  Alice · Dora")
    assert "✅ All" in both.buttons


@pytest.mark.parametrize(
    "old",
    [
        "hh:0",
        "hd:20261125",
        "hn",
        f"hq:{NINE // QUARTER}:{TWELVE // QUARTER}",
        f"hr:{NINE // QUARTER}:{TWELVE // QUARTER}:k",
        "sn",
    ],
)
async def test_an_old_button_never_means_a_provider_whom_one_assists(
    bot: BotHarness, old: str
) -> None:
    rita = bot.joins("Rita")
    await add_assistant(bot, rita, await add_absent_provider(bot, "Emil", days=(25,)))
    await rita.sends("/start")
    before, shown = stored(bot), str(rita.last)

    await rita.taps_data(old, rita.card.id)

    assert rita.person.toasts[-1][1]
    assert (stored(bot), str(rita.last)) == (before, shown)
