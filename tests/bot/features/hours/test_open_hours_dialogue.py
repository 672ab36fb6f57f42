"""Chats about open hours: listed by day, and removed without cancelling a booking unasked."""

from datetime import date

import pytest

from bot.buttons.hours import AskRemoval, RemoveHours
from bot.features.hours.typed_hours import reads_as_hours
from domain.reservation import Status
from domain.timespan import TimeSpan
from domain.usecases.acting import own_provider
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider, in_berlin

pytestmark = pytest.mark.usually("sqlite")

UNKNOWN = "I can't find these hours any more. Start over with /hours."


@pytest.fixture
async def dora(bot: BotHarness) -> ChatUser:
    """Return a provider with open hours from 9:00 to 12:00 on 25 to 28 November 2026."""
    return await add_provider(bot, days=(25, 26, 27, 28))


async def open_hours_of(bot: BotHarness, provider: ChatUser, day: int) -> list[TimeSpan]:
    """Return the open hours of a provider on a day of November from the database."""
    number = await provider.number()
    async with bot.app.database.transaction() as work:
        found = await own_provider(work, number)
        assert found is not None
        return list(
            await work.queries.open_hours(
                found.id, TimeSpan(in_berlin(day, 0), in_berlin(day + 1, 0))
            )
        )


async def opens_day(provider: ChatUser, label: str = "Wed 25 Nov · 09:00–12:00") -> None:
    """Open a day with open hours."""
    await provider.sends("/hours")
    await provider.taps(label)


async def test_open_hours_are_listed_by_day_from_today(bot: BotHarness, dora: ChatUser) -> None:
    await bot.advances(days=3)
    await dora.sends("/hours")

    dora.card.shows("open on 3 days")
    assert [label for label in dora.buttons if "·" in label] == [
        f"{day} Nov · 09:00–12:00" for day in ("Thu 26", "Fri 27", "Sat 28")
    ]


async def test_a_long_list_is_paged(dora: ChatUser) -> None:
    await dora.sends("/hours")
    await dora.sends("every day 13:00-14:00 from 1.12.2026 to 31.12.2026")
    await dora.taps("Publish")
    await dora.taps("See hours")
    assert "1/4" in dora.buttons
    await dora.taps("›")
    assert "2/4" in dora.buttons
    assert "Mon 7 Dec · 13:00–14:00" in dora.buttons
    await dora.taps_data("hh:999999", dora.card.id)
    assert "4/4" in dora.buttons


async def removes(provider: ChatUser, label: str) -> None:
    """Tap hours to remove and confirm."""
    await provider.taps(label)
    assert provider.card.text.startswith("Remove these hours?")
    await provider.taps("🗑 Remove")


async def test_a_span_is_removed_after_confirming(bot: BotHarness, dora: ChatUser) -> None:
    await dora.sends("/hours")
    await dora.sends("25 Nov 13:00-17:00")
    await dora.taps("Publish")
    await opens_day(dora, "Wed 25 Nov · 09:00–12:00, 13:00–17:00")
    dora.card.hides("Berlin")
    assert dora.buttons == ["🗑 09:00–12:00", "🗑 13:00–17:00", "🗑 Remove whole day", "Back"]
    await dora.taps("🗑 09:00–12:00")
    assert dora.card.text == "Remove these hours?\nWednesday, 25 November 2026: 09:00–12:00"
    assert dora.buttons == ["🗑 Remove", "Back"]
    assert len(await open_hours_of(bot, dora, 25)) == 2
    await bot.restarts()
    await dora.taps("🗑 Remove")

    assert dora.toast == "Removed: Wed 25 Nov, 09:00–12:00"
    assert dora.card.text.startswith(
        f"{dora.toast}\n\nWednesday, 25 November 2026\nOpen: 13:00–17:00"
    )
    assert dora.buttons == ["🗑 Remove whole day", "Back"]
    assert await open_hours_of(bot, dora, 25) == [TimeSpan(in_berlin(25, 13), in_berlin(25, 17))]


async def test_a_whole_day_is_removed_after_confirming_and_the_others_stay(
    bot: BotHarness, dora: ChatUser
) -> None:
    await opens_day(dora)
    assert dora.buttons == ["🗑 Remove whole day", "Back"]
    await dora.taps("Remove whole day")
    dora.person.taps("🗑 Remove")
    await dora.taps("🗑 Remove")

    assert dora.card.text.startswith("Removed: Wed 25 Nov, 09:00–12:00\n\nYour hours")
    dora.card.shows("open on 3 days")
    assert await open_hours_of(bot, dora, 25) == []
    assert await open_hours_of(bot, dora, 26) != []


async def test_back_from_the_question_removes_nothing(bot: BotHarness, dora: ChatUser) -> None:
    await opens_day(dora)
    await dora.taps("Remove whole day")
    await dora.taps("Back")

    assert dora.buttons == ["🗑 Remove whole day", "Back"]
    assert len(await open_hours_of(bot, dora, 25)) == 1


async def test_hours_already_removed_are_not_asked_about(bot: BotHarness, dora: ChatUser) -> None:
    await opens_day(dora)
    ask = dora.card.buttons[0].data
    await removes(dora, "Remove whole day")
    await dora.taps_data(str(ask), dora.card.id)

    assert dora.card.text.startswith("Your hours")


async def test_a_typed_span_is_shown_before_it_is_removed(bot: BotHarness, dora: ChatUser) -> None:
    await opens_day(dora)
    await bot.restarts()
    await dora.sends("10:00-11:00")

    dora.card.shows("Remove these hours?\nWednesday, 25 November 2026: 10:00–11:00")
    assert await open_hours_of(bot, dora, 25) == [TimeSpan(in_berlin(25, 9), in_berlin(25, 12))]
    await dora.taps("Remove")
    assert await open_hours_of(bot, dora, 25) == [
        TimeSpan(in_berlin(25, 9), in_berlin(25, 10)),
        TimeSpan(in_berlin(25, 11), in_berlin(25, 12)),
    ]
    assert dora.buttons == ["🗑 09:00–10:00", "🗑 11:00–12:00", "🗑 Remove whole day", "Back"]


async def test_back_from_a_typed_removal_removes_nothing(bot: BotHarness, dora: ChatUser) -> None:
    await opens_day(dora)
    await dora.sends("10-11")
    dora.card.shows("24-hour clock")
    await dora.taps("Back")

    dora.card.shows("Open: 09:00–12:00")
    assert await open_hours_of(bot, dora, 25) == [TimeSpan(in_berlin(25, 9), in_berlin(25, 12))]


@pytest.mark.parametrize(
    ("line", "seen"),
    [("9:07-10:10", "09:15–10:00"), ("8:00-10:00", "09:00–10:00"), ("0:00-24:00", "09:00–12:00")],
)
async def test_a_typed_span_is_cut_to_quarter_hours_and_open_hours(
    dora: ChatUser, line: str, seen: str
) -> None:
    await opens_day(dora)
    await dora.sends(line)

    dora.card.shows(f"25 November 2026: {seen}")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("15:00-16:00", "Nothing is open then."),
        ("11:00-10:00", "For hours past midnight"),
        ("9:01-9:14", "no full quarter-hour"),
        ("lunch", "I didn't get “lunch”"),
        ("10:00", "12:00-13:00"),
        ("9-26", "isn't a time"),
        ("x" * 600, "Too long"),
    ],
)
async def test_an_unusable_typed_span_is_answered(dora: ChatUser, line: str, answer: str) -> None:
    await opens_day(dora)
    await dora.sends(line)
    assert answer in dora.last.text

    await dora.sends("10:00-11:00")
    dora.card.shows("Remove these hours?")


async def test_days_with_hours_typed_below_another_day_are_previewed(
    dora: ChatUser,
) -> None:
    await opens_day(dora)
    await dora.sends("1 Dec 8:00-9:00")

    dora.card.shows("Preview\nTue 1 Dec: 08:00–09:00")


async def test_days_typed_below_another_day_are_asked_for_their_hours(
    dora: ChatUser,
) -> None:
    await opens_day(dora)
    await dora.sends("1 Dec")

    dora.card.shows("Tue 1 Dec: what hours?")


async def test_bookings_inside_are_listed_and_kept_by_going_back(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await alice.books("09:15")
    await bob.holds("10:00")
    await opens_day(dora)
    await removes(dora, "Remove whole day")

    assert (
        "There are 2 bookings in these hours:\n• Alice: Wed 25 Nov, 09:15\n"
        "• Bob: Wed 25 Nov, 10:00 (held, not confirmed yet)" in dora.card.text
    )
    assert dora.buttons == ["Keep all", "❌ Cancel all", "Back"]
    assert dora.toast == ""
    await dora.taps("Back")
    dora.card.shows("Open: 09:00–12:00")
    assert await open_hours_of(bot, dora, 25) == [TimeSpan(in_berlin(25, 9), in_berlin(25, 12))]


async def test_kept_bookings_stay_when_the_hours_are_removed(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await alice.books("09:15")
    await opens_day(dora)
    await removes(dora, "Remove whole day")
    await bot.restarts()
    await dora.taps("Keep it")

    assert dora.toast == "1 booking kept."
    assert dora.card.text.startswith(
        "Removed: Wed 25 Nov, 09:00–12:00\n1 booking kept.\n\nYour hours"
    )
    assert await open_hours_of(bot, dora, 25) == []
    assert [booking.status for booking in await alice.reservations()] == [Status.CONFIRMED]
    assert not alice.sees("cancelled your appointment")
    await bob.sends("/book")
    assert "25" not in bob.buttons


async def test_cancelled_bookings_notify_only_their_clients(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await alice.books("09:15")
    await bob.holds("10:00")
    carol = bot.joins("Carol")
    await carol.books("09:15", day="26")
    before = len(dora.shown)
    await opens_day(dora)
    await removes(dora, "Remove whole day")
    await dora.taps("Cancel all")

    assert dora.toast == "2 bookings cancelled, clients notified."
    assert dora.toast in dora.card.text
    assert alice.sees("Dora cancelled your appointment")
    assert bob.sees("Dora cancelled your appointment")
    assert not carol.sees("cancelled your appointment")
    assert len(dora.shown) == before + 1
    assert await alice.reservations() == await bob.reservations() == []
    assert len(await carol.reservations()) == 1


async def test_cancelling_bookings_inside_twice_notifies_once(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await opens_day(dora)
    await removes(dora, "Remove whole day")
    dora.person.taps("Cancel it")
    await dora.taps("Cancel it")

    assert (
        len([message for message in alice.shown if "cancelled your appointment" in message.text])
        == 1
    )


async def test_a_booking_made_after_the_question_is_asked_about_again(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await alice.books("09:15")
    await opens_day(dora)
    await removes(dora, "Remove whole day")
    asked = dora.card
    await bob.books("10:00")
    await dora.taps("Cancel it", message=asked)

    assert "There are 2 bookings in these hours" in asked.text
    assert len(await bob.reservations()) == 1
    await dora.taps("Cancel all", message=asked)
    assert await bob.reservations() == []


async def test_a_hold_expired_meanwhile_is_not_asked_about(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    await opens_day(dora)
    await bot.advances(minutes=30)
    await removes(dora, "Remove whole day")

    assert await open_hours_of(bot, dora, 25) == []


@pytest.mark.parametrize("inside", ["", "x", "c", "cffffffff", "kk", "ask", "🙂"])
async def test_a_forged_answer_cancels_nothing(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, inside: str
) -> None:
    await alice.books("09:15")
    await dora.sends("/hours")
    removal = RemoveHours(in_berlin(25, 9), in_berlin(25, 12), inside)
    await dora.taps_data(removal.pack(), dora.card.id)

    assert len(await alice.reservations()) == 1


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 3),
        (9, 9),
        (6, 3),
        (5_970_000, 5_970_003),
        (5_985_300, 6_180_000),
        (24_000_000, 24_000_003),
    ],
)
async def test_forged_hours_to_remove_are_refused(
    bot: BotHarness, dora: ChatUser, start: int, end: int
) -> None:
    await dora.sends("/hours")
    for choice in (RemoveHours(start, end, "a"), AskRemoval(start, end)):
        await dora.taps_data(choice.pack(), dora.card.id)
        assert dora.person.toasts[-1] == (UNKNOWN, True)
    assert await open_hours_of(bot, dora, 25) == [TimeSpan(in_berlin(25, 9), in_berlin(25, 12))]


@pytest.mark.parametrize(("later", "earlier"), [(1, 0), (0, 1), (2, 2)])
async def test_hours_between_quarter_hours_are_not_removed(
    bot: BotHarness, dora: ChatUser, later: int, earlier: int
) -> None:
    start, end = in_berlin(25, 9) + later, in_berlin(25, 12) - earlier
    await dora.sends("/hours")
    await dora.taps_data(RemoveHours(start, end, "a").pack(), dora.card.id)

    text, is_alert = dora.person.toasts[-1]
    assert text.startswith("Hours start and end on quarter-hours")
    assert is_alert
    assert await open_hours_of(bot, dora, 25) == [TimeSpan(in_berlin(25, 9), in_berlin(25, 12))]


@pytest.mark.parametrize("day", ["20260101", "20261101", "20261124", "20991231"])
async def test_a_day_without_open_hours_leads_to_the_list(dora: ChatUser, day: str) -> None:
    await dora.sends("/hours")
    await dora.taps_data(f"hd:{day}", dora.card.id)

    dora.card.shows("open on 4 days")


async def test_another_providers_hours_cannot_be_removed(bot: BotHarness, dora: ChatUser) -> None:
    eve = await add_provider(bot, "Eve", days=(30,))
    await eve.sends("/hours")
    nine, twelve = in_berlin(25, 9), in_berlin(25, 12)
    await eve.taps_data(AskRemoval(nine, twelve).pack(), eve.card.id)
    eve.card.hides("Remove these hours?")
    await eve.taps_data(RemoveHours(nine, twelve, "k").pack(), eve.card.id)

    assert await open_hours_of(bot, dora, 25) == [TimeSpan(in_berlin(25, 9), in_berlin(25, 12))]


async def test_hours_over_midnight_are_shown_on_both_days_and_removed_one_by_one(
    bot: BotHarness, dora: ChatUser
) -> None:
    await dora.sends("/hours")
    await dora.sends("26 Nov 22:00-24:00; 27 Nov 0:00-2:00")
    await dora.taps("Publish")
    await dora.taps("See hours")
    assert "Fri 27 Nov · 00:00–02:00, 09:00–12:00" in dora.buttons
    await dora.taps("Thu 26 Nov · 09:00–12:00, 22:00–24:00")
    await removes(dora, "🗑 22:00–24:00")

    assert await open_hours_of(bot, dora, 26) == [TimeSpan(in_berlin(26, 9), in_berlin(26, 12))]
    assert await open_hours_of(bot, dora, 27) == [
        TimeSpan(in_berlin(27, 0), in_berlin(27, 2)),
        TimeSpan(in_berlin(27, 9), in_berlin(27, 12)),
    ]


@pytest.mark.parametrize(
    "text", ["tomorrow 9-12", "Mon-Fri 9-17 next week", "Friday", "9-17", "1.12. 15-9"]
)
def test_lines_about_hours_are_recognised(text: str) -> None:
    assert reads_as_hours(text, date(2026, 11, 23))


@pytest.mark.parametrize("text", ["hello", "", "thank you", "9" * 2000, "🙂", "5"])
def test_other_lines_are_not_read_as_hours(text: str) -> None:
    assert not reads_as_hours(text, date(2026, 11, 23))


async def test_hours_typed_outside_any_dialogue_are_previewed_for_providers_only(
    provider: ChatUser, alice: ChatUser
) -> None:
    await provider.sends("/start")
    await provider.sends("Friday 27 November 8am-3pm")
    await alice.sends("Friday 27 November 8am-3pm")

    provider.card.shows("28 slots")
    await provider.taps("Publish")
    provider.card.shows("Published")
    alice.last.shows("/help")


async def test_a_preview_in_another_zone_is_shown_again_before_it_is_published(
    provider: ChatUser,
) -> None:
    await provider.sends("/hours")
    await provider.sends("2026-11-27 09:00-12:00")
    preview = provider.card
    await provider.sends("/settings")
    await provider.taps("Time zone")
    await provider.taps("New York")
    await provider.taps("Publish", message=preview)

    assert "The time zone has changed since" in provider.toast
    shown = next(message for message in provider.shown if message.id == preview.id)
    assert "New York time" in shown.text
    await provider.taps("Publish", message=shown)
    assert provider.sees("Published")


async def test_published_hours_can_be_undone_after_more_hours_were_typed(
    provider: ChatUser,
) -> None:
    await provider.sends("/hours")
    await provider.sends("2026-11-27 09:00-12:00")
    await provider.taps("Publish")
    await provider.sends("2026-11-28 09:00-12:00")
    await provider.taps("Undo")

    assert any(
        "Undone" in message.text and "Fri 27 Nov" in message.text for message in provider.shown
    )
