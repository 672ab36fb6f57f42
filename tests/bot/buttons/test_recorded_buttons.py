"""Buttons that the last release put on people's screens still say what they said then."""

from datetime import UTC, date, datetime

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
from bot.buttons.base import CallbackData, Nothing, read
from bot.buttons.booking import (
    BookingDay,
    BookingMonth,
    ChooseProvider,
    ConfirmHold,
    OtherTime,
    PickSlot,
    ProviderPage,
    ReleaseHold,
    ShowCard,
)
from bot.buttons.bookings import AskCancel, BookingsPage, CancelBooking, ShowBooking
from bot.buttons.hours import (
    AskRemoval,
    DiscardDraft,
    DraftEnd,
    DraftMonth,
    DraftStart,
    DraftTimes,
    HoursHome,
    NewDraft,
    PostedDay,
    PublishDraft,
    RemoveHours,
    ShowDraft,
    ToggleDay,
    UndoDraft,
)
from bot.buttons.people import (
    AskLanguage,
    AskName,
    AskZone,
    ChooseLanguage,
    ChooseZone,
    JoinZone,
    KeepName,
    Open,
    SettingsHome,
)
from domain.timespan import instant
from tests.kit.buttons import button_types

DAY = date(2026, 11, 25)
# Recorded from the last release. Never change a line: people have these buttons. Cells were
# quarter-hours, and are five minutes now.
RECORDED: dict[str, CallbackData] = {
    "ac:71": CancelForClient(71),
    "ad:20261125": AgendaDay(DAY),
    "ae:71": AgendaEntry(71),
    "ao:20261125": OpenAgendaDay(DAY),
    "ap:20261125:0": AgendaPage(DAY, 0),
    "ap:20261125:2": AgendaPage(DAY, 2),
    "ar:71": AskReason(71),
    "aw:71:0f3a99c1": CancelWithReason(71, "0f3a99c1"),
    "bc:5:0": ChooseProvider(5),
    "bc:5:71": ChooseProvider(5, 71),
    "bd:5:20261125:0:0": BookingDay(5, DAY),
    "bd:5:20261125:1:71": BookingDay(5, DAY, 1, 71),
    "bm:5:20261125:0": BookingMonth(5, DAY),
    "bm:5:20261125:71": BookingMonth(5, DAY, 71),
    "bp:0": ProviderPage(0),
    "bp:3": ProviderPage(3),
    "bs:5:1995104:0": PickSlot(5, 3 * 1995104),
    "bs:5:1995104:71": PickSlot(5, 3 * 1995104, 71),
    "go:bookings": Open("bookings"),
    "hd:20261125": PostedDay(DAY),
    "he:8:540:1020": DraftEnd(8, 540, 1020),
    "hh:0": HoursHome(0),
    "hh:2": HoursHome(2),
    "hi:8": DraftTimes(8),
    "hm:8:20261125": DraftMonth(8, DAY),
    "hn": NewDraft(),
    "hp:8": PublishDraft(8),
    "hq:1995104:1995108": AskRemoval(3 * 1995104, 3 * 1995108),
    "hr:1995104:1995108:a": RemoveHours(3 * 1995104, 3 * 1995108, "a"),
    "hr:1995104:1995108:c0f3a99c1": RemoveHours(3 * 1995104, 3 * 1995108, "c0f3a99c1"),
    "hs:8:0": DraftStart(8, 0),
    "hs:8:540": DraftStart(8, 540),
    "ht:8:20261125:0": ToggleDay(8, DAY, 0),
    "ht:8:20261125:1": ToggleDay(8, DAY, 1),
    "hu:8:a": UndoDraft(8, "a"),
    "hv:8": ShowDraft(8),
    "hx:8": DiscardDraft(8),
    "jn": KeepName(),
    "jz:Europe/Berlin": JoinZone("Europe/Berlin"),
    "la:71": AskCancel(71),
    "lc:71": CancelBooking(71),
    "lp:0": BookingsPage(0),
    "lp:1": BookingsPage(1),
    "ls:71": ShowBooking(71),
    "n": Nothing(),
    "rc:71": ConfirmHold(71),
    "ro:71": OtherTime(71),
    "rr:71": ReleaseHold(71),
    "rs:71": ShowCard(71),
    "sa": AskZone(),
    "sc:de": ChooseLanguage("de"),
    "sh": SettingsHome(),
    "sl": AskLanguage(),
    "sn": AskName(),
    "sz:America/Argentina/ComodRivadavia": ChooseZone("America/Argentina/ComodRivadavia"),
}


@pytest.mark.parametrize("data", RECORDED)
def test_a_button_of_the_last_release_is_read_as_it_was_meant(data: str) -> None:
    assert read(data) == RECORDED[data]


def test_every_type_of_the_last_release_was_recorded() -> None:
    assert len({type(choice) for choice in RECORDED.values()}) == 44


def test_a_button_with_times_means_the_same_instants() -> None:
    slot, removal = read("bs:5:1995104:71"), read("hq:1995104:1995108")
    assert isinstance(slot, PickSlot)
    assert isinstance(removal, AskRemoval)
    assert [instant(cell) for cell in (slot.start, removal.start, removal.end)] == [
        datetime.fromtimestamp(quarter * 900, UTC) for quarter in (1995104, 1995104, 1995108)
    ]


def test_types_and_tags_added_since_write_numbers_in_base_36() -> None:
    recorded = {data.partition(":")[0] for data in RECORDED}
    replaced = {kind.old_tag for kind in button_types()}
    assert {kind.tag for kind in button_types() if kind.base != 36} == recorded - replaced
