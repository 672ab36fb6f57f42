"""Chats about a provider's agenda: days, clients, and cancelling with a reason or without."""

from dataclasses import replace
from datetime import timedelta

import pytest
from inline_snapshot import snapshot

from domain.person import Contact
from domain.reservation import REASON_LIMIT, Reservation, Status
from domain.timespan import TimeSpan
from tests.kit.bot import BotHarness
from tests.kit.cells import QUARTER
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_assistant, add_provider, in_berlin, live_in

pytestmark = pytest.mark.usually("sqlite")

WHEN = "Wednesday, 25 November 2026, 09:15–09:30"
UNKNOWN = ("I can't find that appointment. See yours in /bookings or /agenda.", True)


@pytest.fixture
async def dora(bot: BotHarness) -> ChatUser:
    """Return a provider with open hours from 9:00 to 12:00 on 25 to 28 November 2026."""
    return await add_provider(bot, days=(25, 26, 27, 28))


async def asks_to_cancel(provider: ChatUser, entry: str) -> None:
    """Ask to cancel the reservation of this button on the agenda of Wednesday 25 November."""
    await provider.sends("/agenda")
    await provider.taps("Wed 25 Nov")
    await provider.taps(entry)
    await provider.taps("Cancel booking")


async def test_the_agenda_is_for_providers_only(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    refused = (
        "Only providers can do that. To become one, "
        "ask the person who runs this bot for an invitation."
    )
    await alice.sends("/agenda")
    assert alice.last.text == f"⚠️ {refused}"
    for data in ("go:agenda", "ad:20261125", "ap:20261125:1"):
        await alice.taps_data(data, alice.last.id)
        assert alice.person.toasts[-1] == (refused, True)


async def test_the_agenda_opens_with_today_and_leads_to_the_days_with_hours(
    bot: BotHarness, dora: ChatUser
) -> None:
    await dora.sends("/agenda")
    assert dora.last.text == "🗓 Monday, 23 November 2026\nNo appointments on this day."
    assert dora.buttons == [
        "‹ Sun 22 Nov",
        "Tue 24 Nov ›",
        "Wed 25 Nov",
        "Thu 26 Nov",
        "Fri 27 Nov",
        "Sat 28 Nov",
        "My link",
    ]
    await dora.taps("My link")
    assert dora.sees("start=book_dora")


async def test_days_with_reservations_have_buttons_with_their_number(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await alice.books("09:15", day="27")
    await bob.books("09:30", day="27")
    await bot.joins("Carol").books("09:15", day="25")
    await dora.sends("/agenda")
    assert dora.buttons == ["‹ Sun 22 Nov", "Tue 24 Nov ›", "Wed 25 Nov · 1", "Fri 27 Nov · 2"]
    await dora.taps("Wed 25 Nov")
    dora.last.shows("1 appointment\n")
    assert dora.buttons == [
        "09:15 Carol",
        "‹ Tue 24 Nov",
        "Today",
        "Thu 26 Nov ›",
        "Fri 27 Nov · 2",
    ]


async def test_no_day_has_two_buttons(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> None:
    await alice.books("09:15")
    await dora.sends("/agenda")
    await dora.taps("Tue 24 Nov ›")
    assert dora.buttons == [
        "‹ Mon 23 Nov",
        "Wed 25 Nov ›",
        "Thu 26 Nov",
        "Fri 27 Nov",
        "Sat 28 Nov",
    ]
    await dora.taps_data("ad:20261121", dora.last.id)
    assert dora.buttons == ["‹ Fri 20 Nov", "Today", "Sun 22 Nov ›", "Wed 25 Nov · 1"]


async def test_the_link_is_offered_only_without_any_reservations(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await dora.sends("/agenda")
    for label in ("Tue 24 Nov", "Wed 25 Nov", "Thu 26 Nov"):
        await dora.taps(label)
        assert "My link" not in dora.buttons


async def test_a_day_shows_who_comes_and_what_is_only_held(
    bot: BotHarness, dora: ChatUser, bob: ChatUser
) -> None:
    alice = bot.joins("Alice", username="alice_a")
    await alice.books("09:15")
    await bob.holds("10:00")
    await dora.sends("/agenda")
    await dora.taps("Wed 25 Nov")
    assert str(dora.last) == snapshot("""\
🗓 Wednesday, 25 November 2026
1 appointment, 1 hold

09:15–09:30  Alice
10:00–10:15  Bob ⏳ held until 10:30

[09:15 Alice] [⏳ 10:00 Bob]
[‹ Tue 24 Nov] [Today] [Thu 26 Nov ›]
[Fri 27 Nov] [Sat 28 Nov]\
""")
    assert '<a href="https://t.me/alice_a">Alice</a>' in dora.last.html
    assert dora.last.html.count("t.me") == 1


async def test_holds_are_counted_apart_also_on_the_next_day_and_in_german(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await alice.holds("09:15", day="27")
    await dora.sends("/agenda")
    assert dora.last.text.endswith("Next: Friday, 27 November 2026, 1 hold")
    await bob.holds("09:30", day="27")
    await bob.taps("Confirm")
    await dora.sends("/agenda")
    assert dora.last.text.endswith("Next: Friday, 27 November 2026, 1 appointment, 1 hold")

    await dora.sends("/settings")
    await dora.taps("Language")
    await dora.taps("Deutsch")
    await dora.sends("/agenda 27 Nov")
    dora.last.shows("1 Termin, 1 Reservierung\n\n09:15")


async def test_days_are_turned_one_by_one_and_today_is_a_tap_away(
    bot: BotHarness, dora: ChatUser
) -> None:
    await dora.sends("/agenda")
    await dora.taps("Tue 24 Nov ›")
    await dora.taps("Wed 25 Nov ›")
    assert dora.last.text.startswith("🗓 Wednesday, 25 November 2026")
    assert "Wed 25 Nov" not in dora.buttons
    await dora.taps("‹ Tue 24 Nov")
    await dora.taps("Wed 25 Nov ›")
    await dora.taps("Today")
    assert dora.last.text.startswith("🗓 Monday, 23 November 2026")
    assert len(dora.shown) == 1


async def test_days_with_reservations_outside_open_hours_have_buttons_too(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15", day="28")
    async with bot.app.database.transaction() as work:
        await work.availability.replace(1, [TimeSpan(in_berlin(28, 9), in_berlin(28, 12))], [])
    await dora.sends("/agenda")
    assert dora.buttons[-1] == "Sat 28 Nov · 1"


async def test_six_days_ahead_have_buttons_however_far_apart_they_are(bot: BotHarness) -> None:
    dora = await add_provider(bot, days=(24, 30))
    async with bot.app.database.transaction() as work:
        december = [
            TimeSpan(in_berlin(day, 9, month=12), in_berlin(day, 12, month=12))
            for day in (1, 10, 20, 30, 31)
        ]
        await work.availability.replace(1, [], december)
    await dora.sends("/agenda")
    assert dora.buttons[2:-1] == [
        "Mon 30 Nov",
        "Tue 1 Dec",
        "Thu 10 Dec",
        "Sun 20 Dec",
        "Wed 30 Dec",
        "Thu 31 Dec",
    ]


async def test_a_reservation_past_midnight_is_on_the_day_it_begins(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.sends("/bookings")
    midnight, client = in_berlin(26, 0), await alice.number()
    async with bot.app.database.transaction() as work:
        span = TimeSpan(midnight - QUARTER, midnight + QUARTER)
        await work.reservations.add(
            Reservation(0, 1, client, span, Status.HELD, bot.now, bot.now + timedelta(minutes=30))
        )
    await dora.sends("/agenda")
    await dora.taps("Wed 25 Nov")
    dora.last.shows("23:45–00:15  Alice")
    await dora.taps("Thu 26 Nov ›")
    dora.last.shows("No appointments on this day.")


async def test_the_agenda_is_shown_in_the_providers_zone(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await live_in(dora, "Pacific/Auckland")
    await dora.sends("/agenda")
    await dora.taps("Wed 25 Nov")
    dora.last.shows("25 November 2026 (Auckland time)\n1 appointment\n\n21:15–21:30  Alice")


async def test_a_notice_of_a_booking_opens_its_day_below(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    notice = dora.last
    await dora.taps("Open that day")
    dora.last.shows("09:15–09:30  Alice")
    assert "New booking" in notice.text


async def test_the_day_of_a_notice_opens_below_it_and_replaces_the_open_agenda(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await dora.sends("/agenda")
    await alice.books("09:15")
    await bob.books("09:15", day="26")
    first, second = dora.shown[-2:]
    for notice, client in ((first, "Alice"), (second, "Bob"), (first, "Alice")):
        await dora.taps("Open that day", message=notice)
        assert dora.last.text.endswith(f"09:15–09:30  {client}")
        assert dora.shown[:-1] == [first, second]


async def test_a_day_button_on_an_old_notice_still_opens_the_day(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await dora.taps_data("ad:20261125", dora.last.id)
    dora.last.shows("09:15–09:30  Alice")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("tomorrow", "Tuesday, 24 November 2026"),
        ("Friday", "Friday, 27 November 2026"),
        ("fri", "Friday, 27 November 2026"),
        ("13 Aug", "Friday, 13 August 2027"),
        ("yesterday", "Sunday, 22 November 2026"),
        ("1.2.2026", "Sunday, 1 February 2026"),
        ("next week", "Monday, 30 November 2026"),
        ("Wed-Fri", "Wednesday, 25 November 2026"),
        ("morgen", "Tuesday, 24 November 2026"),
        ("Freitag", "Friday, 27 November 2026"),
        ("13. August", "Friday, 13 August 2027"),
    ],
)
@pytest.mark.parametrize("way", ["below", "behind", "button"])
async def test_a_day_typed_for_the_agenda_opens_that_day(
    bot: BotHarness, dora: ChatUser, line: str, shown: str, way: str
) -> None:
    if way == "button":
        await dora.sends("/start")
        await dora.taps("My agenda")
    elif way == "below":
        await dora.sends("/agenda")
    await bot.restarts()
    await dora.sends(f"/agenda {line}" if way == "behind" else line)
    assert dora.last.text.startswith(f"🗓 {shown}\n")
    assert len(dora.shown) == 1


async def test_the_day_of_a_notice_opens_below_it_in_german(
    bot: BotHarness, alice: ChatUser
) -> None:
    dora = await add_provider(bot, language_code="de")
    await dora.sends("/agenda")
    await alice.books("09:15")
    notice = dora.last
    await dora.taps("Diesen Tag öffnen")
    assert dora.shown[-2] == notice
    dora.last.shows("09:15–09:30  Alice")


async def test_a_typed_day_opens_in_german(bot: BotHarness) -> None:
    dora = await add_provider(bot, language_code="de")
    await dora.sends("/agenda übermorgen")
    assert dora.last.text.startswith("🗓 Mittwoch, 25. November 2026\n")
    await dora.sends("13. Aug.")
    assert dora.last.text.startswith("🗓 Freitag, 13. August 2027\n")
    await dora.sends("/agenda irgendwann")
    assert dora.last.text.endswith("Schreib einen Tag, z. B. „morgen“ oder „13. August“.")


@pytest.mark.parametrize(
    ("line", "shown", "labels"),
    [
        ("/agenda soon", "I didn't get “soon”.", ["Today"]),
        ("/agenda 31 Feb", "That date doesn't exist", ["Today"]),
        ("31 Feb", "That date doesn't exist", ["Today"]),
        ("Sat 1 Dec", "isn't a Saturday", ["Tue 1 Dec", "Sat 28 Nov"]),
    ],
)
async def test_a_day_that_cannot_be_read_is_asked_again_below_the_agenda(
    dora: ChatUser, line: str, shown: str, labels: list[str]
) -> None:
    await dora.sends("/agenda")
    await dora.sends(line)
    assert shown in dora.last.text
    dora.last.shows("Type a day, like “tomorrow” or “13 Aug”.")
    assert dora.buttons == labels
    await dora.taps(labels[-1])
    assert dora.last.text.startswith("🗓 ")


@pytest.mark.parametrize(
    ("line", "shown"), [("1.1.2020", "22 November 2025"), ("1.1.2040", "23 November 2028")]
)
async def test_a_typed_day_out_of_reach_is_said_to_be_so(
    dora: ChatUser, line: str, shown: str
) -> None:
    await dora.sends(f"/agenda {line}")
    dora.last.shows("one year back and two years ahead")
    assert shown in dora.last.text


async def test_other_lines_typed_below_the_agenda_mean_what_they_mean_elsewhere(
    dora: ChatUser,
) -> None:
    await dora.sends("/agenda")
    await dora.sends("what now")
    assert dora.last.text.startswith("Sorry")
    await dora.sends("Friday")
    assert dora.last.text.startswith("🗓 Friday, 27 November 2026")
    await dora.sends("Monday 13-17")
    dora.last.shows("Mon 23 Nov: 13:00–17:00")
    assert dora.sees("🗓 Friday, 27 November 2026")
    await dora.sends("Friday")
    dora.last.shows("Fri 27 Nov: what hours?")


async def test_a_typed_day_goes_to_the_dialogue_that_is_open(dora: ChatUser) -> None:
    await dora.sends("/start")
    await dora.sends("/hours")
    await dora.taps("My agenda")
    await dora.sends("Friday")
    dora.last.shows("Fri 27 Nov: what hours?")


async def test_an_empty_today_names_the_next_day_with_appointments(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await alice.books("09:15", day="27")
    await bob.books("09:30", day="27")
    await dora.sends("/agenda")
    assert "No appointments on this day.\nNext: Friday, 27 November 2026, 2 appointments" in (
        dora.last.text
    )
    await dora.taps("Fri 27 Nov · 2")
    dora.last.hides("Next:")
    await bot.advances(days=3)
    await dora.sends("/agenda")
    dora.last.shows("Next: Friday")
    assert "Fri 27 Nov ›" in dora.buttons


@pytest.mark.parametrize(
    ("language", "changed", "why"),
    [
        ("en", "This has changed: Alice, ", "The client cancelled this appointment."),
        ("de", "Das hat sich geändert: Alice, ", "abgesagt"),
    ],
)
async def test_an_old_list_is_brought_up_to_date_and_says_what_changed(
    bot: BotHarness, alice: ChatUser, bob: ChatUser, language: str, changed: str, why: str
) -> None:
    dora = await add_provider(bot, language_code=language)
    await alice.books("09:15")
    await bob.books("10:00")
    await dora.sends("/agenda 25.11.")
    old = dora.last
    await alice.taps("Cancel booking")
    await alice.taps("Yes, cancel")
    await dora.taps("09:15 Alice", message=old)
    note, _, day = old.text.partition("\n\n")
    assert note.startswith(changed)
    assert why in note
    assert "10:00–10:15  Bob" in day
    assert old.buttons[0].text == "10:00 Bob"


async def test_an_old_list_says_that_a_hold_has_expired(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    await dora.sends("/agenda Wed")
    await bot.advances(minutes=31)
    await dora.taps("09:15 Alice")
    assert dora.last.text.startswith("This has changed: Alice, Wednesday, 25 November 2026")
    dora.last.shows("The hold has expired", "No appointments on this day.")


async def test_cancelling_from_an_old_entry_shows_the_day_as_it_is(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await dora.sends("/agenda Wed")
    await dora.taps("09:15 Alice")
    entry = dora.last
    await alice.taps("Cancel booking")
    await alice.taps("Yes, cancel")
    await dora.taps("Cancel booking", message=entry)
    assert "The client cancelled this appointment." in entry.text
    assert "No appointments on this day." in entry.text


async def test_cancelling_with_a_typed_reason_notifies_the_client(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, bob: ChatUser
) -> None:
    await alice.books("09:15")
    await dora.sends("/agenda")
    await dora.taps("Wed 25 Nov")
    await dora.taps("09:15 Alice")
    assert dora.last.text == "Alice\nWednesday, 25 November 2026, 09:15–09:30\n\n✅ Booked"
    await dora.taps("Cancel booking")
    assert dora.last.text.endswith("Type a note for the client, or cancel without one.")
    await dora.sends("  I am ill,\n\n sorry!  ")
    assert dora.last.text.startswith(
        "Cancel this appointment?\n\nAlice\nWednesday, 25 November 2026, 09:15–09:30"
    )
    dora.last.shows("Note: I am ill, sorry!")
    assert dora.buttons == ["Cancel and send note", "Back"]
    assert len(await alice.reservations()) == 1
    await dora.taps("Cancel and send note")
    assert dora.last.text.startswith(f"❌ Cancelled. Alice has been notified.\n{WHEN}")
    dora.last.shows(
        "Note: I am ill, sorry!\n\n🗓 Wednesday, 25 November 2026\nNo appointments on this day."
    )
    notice = f"❌ Dora cancelled your appointment:\n{WHEN}\n\nNote: I am ill, sorry!"
    assert alice.last.text == notice
    assert alice.sees("❌ Cancelled by the provider")
    assert alice.buttons == ["Book another time"]
    await bob.holds("09:15")
    assert len(await bob.reservations()) == 1


async def test_a_reservation_is_cancelled_without_a_reason(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    await dora.taps("Cancel without a note")
    assert dora.toast == "Cancelled. Alice has been notified."
    dora.last.shows("No appointments on this day.")
    assert alice.last.text == f"❌ Dora cancelled your appointment:\n{WHEN}"


async def test_another_typed_reason_replaces_the_first(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    await dora.sends("what was that again?")
    first = next(
        button.data for button in dora.card.buttons if button.text == "Cancel and send note"
    )
    await dora.sends("I am ill")
    await dora.taps_data(str(first), dora.last.id)
    assert dora.last.text.endswith("Type a note for the client, or cancel without one.")
    assert len(await alice.reservations()) == 1
    await dora.sends("I am ill")
    await dora.taps("Cancel and send note")
    assert alice.last.text.endswith("Note: I am ill")


async def test_back_from_a_reason_asks_for_another_and_cancels_nothing(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    await dora.sends("hm")
    await dora.taps("Back")
    assert dora.last.text.endswith("Type a note for the client, or cancel without one.")
    await dora.taps("Back")
    await dora.sends("hello?")
    assert len(await alice.reservations()) == 1


async def test_a_reason_is_confirmed_once_and_not_after_leaving_the_dialogue(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    await dora.sends("I am ill")
    agree = str(dora.card.buttons[0].data)
    await dora.sends("/agenda")
    await dora.taps_data(agree, dora.last.id)
    assert dora.last.text.endswith("Type a note for the client, or cancel without one.")
    assert len(await alice.reservations()) == 1
    await dora.sends("I am ill")
    dora.person.taps("Cancel and send note")
    await dora.taps("Cancel and send note")
    dora.last.shows("Cancelled. Alice has been notified.")
    assert dora.person.toasts[-2:] == [("Cancelled. Alice has been notified.", False)] * 2
    assert (
        len([message for message in alice.shown if "cancelled your appointment" in message.text])
        == 1
    )


async def test_cancelling_twice_notifies_the_client_once(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    await dora.taps("Cancel without a note")
    shown, received = dora.last.text, len(alice.shown)
    await dora.taps_data("ac:1", dora.last.id)
    assert dora.person.toasts[-2:] == [("Cancelled. Alice has been notified.", False)] * 2
    assert dora.last.text == shown
    assert len(alice.shown) == received


async def test_a_hold_is_cancelled_like_a_booking(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.holds("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    await dora.sends("Closed that day")
    await dora.taps("Cancel and send note")
    assert await alice.reservations() == []
    assert alice.last.text.endswith("Note: Closed that day")


async def test_a_reason_that_is_too_long_changes_nothing_and_a_shorter_one_works(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    await dora.sends("x" * (REASON_LIMIT + 1))
    dora.last.shows("Too long (301 of 300 characters).")
    assert len(await alice.reservations()) == 1
    await dora.sends("x" * REASON_LIMIT)
    await dora.taps("Cancel and send note")
    assert alice.last.text.endswith("Note: " + "x" * REASON_LIMIT)


async def test_an_invisible_reason_changes_nothing(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    await dora.sends("\u200b\u2060")
    assert dora.last.text.startswith("That note is empty.")
    assert len(await alice.reservations()) == 1


async def test_stickers_and_edited_messages_are_no_reasons(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    dora.person.sends_sticker()
    await bot.settles()
    dora.person.edits(
        next(m.id for m in dora.person.chat.messages if m.sender == "person"), "edited"
    )
    await bot.settles()
    assert len(await alice.reservations()) == 1
    await dora.sends("Now it counts")
    await dora.taps("Cancel and send note")
    assert alice.last.text.endswith("Note: Now it counts")


async def test_a_reason_is_passed_on_as_it_was_typed(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    await dora.sends("<b>ill</b> & {zone}")
    dora.last.shows("Note: <b>ill</b> & {zone}")
    await dora.taps("Cancel and send note")
    assert alice.last.text.endswith("Note: <b>ill</b> & {zone}")
    dora.last.shows("Note: <b>ill</b> & {zone}")


@pytest.mark.parametrize("way", ["Back", "/agenda", "/bookings", "Open that day"])
async def test_after_leaving_the_question_no_typed_line_is_a_reason(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, way: str
) -> None:
    await alice.books("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    await (dora.sends(way) if way.startswith("/") else dora.taps(way))
    await dora.sends("See you tomorrow")
    assert dora.sees("Sorry, I didn't get that.")
    assert len(await alice.reservations()) == 1


async def test_a_reason_typed_after_the_client_cancelled_finds_nothing_to_cancel(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    await alice.taps("Cancel booking")
    await alice.taps("Yes, cancel")
    received = len(alice.shown)
    await dora.sends("I am ill")
    assert dora.last.text.startswith("Already off: Alice, Wednesday, 25 November 2026")
    dora.last.shows("The client cancelled this appointment.")
    assert len(alice.shown) == received


@pytest.mark.parametrize("act", ["Cancel without a note", "typed"])
async def test_a_hold_that_expires_while_the_question_is_open_is_not_cancelled(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, act: str
) -> None:
    await alice.holds("09:15")
    await asks_to_cancel(dora, "09:15 Alice")
    bot.now += timedelta(minutes=30)
    await (dora.sends("I am ill") if act == "typed" else dora.taps(act))
    dora.last.shows("Already off", "The hold has expired")
    assert not alice.sees("cancelled your appointment")


@pytest.mark.parametrize("choice", ["ae:1", "ar:1", "ac:1", "aw:1:1"])
async def test_a_started_reservation_cannot_be_cancelled(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, choice: str
) -> None:
    await alice.books("09:15")
    await dora.sends("/agenda")
    bot.now = (await alice.reservations())[0].span.starts_at
    await dora.taps_data(choice, dora.last.id)
    dora.last.shows("This appointment has already started.")
    assert "Cancel booking" not in dora.buttons
    assert [r.status for r in await alice.reservations()] == [Status.CONFIRMED]
    await dora.sends("too late")
    assert [r.status for r in await alice.reservations()] == [Status.CONFIRMED]


async def test_both_sides_read_that_an_appointment_is_over_after_its_end(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await alice.taps("My bookings")
    await dora.sends("/agenda")
    bot.now = (await alice.reservations())[0].span.ends_at
    await dora.taps_data("ae:1", dora.last.id)
    dora.last.shows("This appointment is over.")
    await alice.taps("✅")
    alice.last.shows("This appointment is over")


@pytest.mark.parametrize("kind", ["ae:{}", "ar:{}", "ac:{}", "aw:{}:1"])
async def test_another_providers_reservations_do_not_exist(
    bot: BotHarness, dora: ChatUser, alice: ChatUser, kind: str
) -> None:
    await alice.books("09:15")
    emil = await add_provider(bot, "Emil")
    standing = await alice.reservations()
    for stranger in (emil, alice):
        await stranger.sends("/bookings")
        for number in ("1", "2", "0", str(2**51)):
            await stranger.taps_data(kind.format(number), stranger.last.id)
            assert stranger.person.toasts[-1] == UNKNOWN
        await stranger.sends("a reason for nothing")
    assert await alice.reservations() == standing


@pytest.mark.parametrize(
    ("forged", "shown"),
    [
        ("ad:20000101", "Saturday, 22 November 2025"),
        ("ap:20000101:7", "Saturday, 22 November 2025"),
        ("ad:21991231", "Thursday, 23 November 2028"),
        ("ap:20261125:99999", "Wednesday, 25 November 2026"),
    ],
)
async def test_days_out_of_reach_become_the_nearest_within(
    bot: BotHarness, dora: ChatUser, forged: str, shown: str
) -> None:
    await dora.sends("/agenda")
    await dora.taps_data(forged, dora.last.id)
    assert dora.last.text.startswith(f"🗓 {shown}\n")
    assert not dora.toast


@pytest.mark.parametrize(
    "forged",
    [
        "ad:20261399",
        "ad:00010101",
        "ad:99991231",
        "ad:",
        "ad:x:y",
        "ae:-1",
        "ae:1.5",
        "ac:",
        f"ac:{2**70}",
    ],
)
async def test_an_unreadable_button_is_answered(
    bot: BotHarness, dora: ChatUser, forged: str
) -> None:
    await dora.sends("/agenda")
    await dora.taps_data(forged, dora.last.id)
    assert dora.person.toasts == [("That button has expired. Send /start.", True)]


async def test_a_full_day_is_paged(bot: BotHarness, dora: ChatUser) -> None:
    start = in_berlin(25, 9)
    async with bot.app.database.transaction() as work:
        for n in range(21):
            client = await work.people.record_contact(Contact(2000 + n, f"Client {n}"), bot.now)
            span = TimeSpan(start + n * QUARTER, start + (n + 1) * QUARTER)
            hold = Reservation(
                0, 1, client.id, span, Status.HELD, bot.now, bot.now + timedelta(minutes=30)
            )
            added = await work.reservations.add(hold)
            await work.reservations.confirm(replace(added, confirmed_at=bot.now))
    await dora.sends("/agenda")
    await dora.taps("Wed 25 Nov")
    dora.last.shows("21 appointments", "Client 19")
    dora.last.hides("Client 20")
    await dora.taps("›")
    dora.last.shows("14:00–14:15  Client 20")
    assert dora.buttons[:3] == ["14:00 Client 20", "‹", "2/2"]


async def test_every_step_works_after_a_restart(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    await dora.sends("/agenda")
    for label in ("Wed 25 Nov", "09:15 Alice", "Cancel booking"):
        await bot.restarts()
        await dora.taps(label)
    await bot.restarts()
    await dora.sends("I am ill")
    await bot.restarts()
    await dora.taps("Cancel and send note")
    assert alice.last.text.endswith("Note: I am ill")


async def test_looking_at_the_agenda_does_not_disturb_another_dialogue(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await add_provider(bot, "Emil")
    await alice.books("09:15", provider="Dora")
    await dora.sends("/book")
    await dora.taps("25")
    await dora.taps("Open that day")
    await dora.sends("9:45")
    assert [r.status for r in await dora.reservations()] == [Status.HELD]


async def test_a_clients_name_is_shown_as_it_is(bot: BotHarness, dora: ChatUser) -> None:
    tricky = bot.joins("<b>Bo</b> & {client}")
    await tricky.books("09:15")
    await asks_to_cancel(dora, "09:15 <b>Bo</b> & {client}")
    await dora.sends("ill")
    dora.last.shows("<b>Bo</b> & {client}\nWednesday")
    await dora.taps("Cancel and send note")
    dora.last.shows("<b>Bo</b> & {client} has been notified.\nWednesday")


async def test_a_client_who_blocked_the_bot_can_be_cancelled_for(
    bot: BotHarness, dora: ChatUser, alice: ChatUser
) -> None:
    await alice.books("09:15")
    alice.person.blocks()
    await bot.settles()
    await dora.cancels_for_client(1, reason="I am ill")
    assert dora.toast == "Cancelled, but Alice has blocked this bot. Please contact them yourself."
    assert dora.last.text.startswith(
        f"❌ {dora.toast}\nWednesday, 25 November 2026, 09:15–09:30\nNote: I am ill"
    )
    assert await alice.reservations() == []


async def test_the_agenda_in_german(bot: BotHarness, alice: ChatUser) -> None:
    dora = await add_provider(bot, language_code="de")
    await alice.books("09:15")
    await dora.sends("/agenda")
    assert (
        dora.last.text == "🗓 Montag, 23. November 2026\nKeine Termine an diesem Tag.\n"
        "Als Nächstes: Mittwoch, 25. November 2026, 1 Termin"
    )
    await dora.taps("Mi., 25. Nov.")
    dora.last.shows("1 Termin\n\n09:15–09:30  Alice")
    await dora.taps("09:15 Alice")
    await dora.taps("Termin absagen")
    await dora.sends("Ich bin krank")
    assert dora.buttons == ["Absagen und Grund senden", "Zurück"]
    await dora.taps("Absagen und Grund senden")
    assert dora.toast == "Abgesagt. Alice wurde benachrichtigt."
    assert dora.last.text.startswith(
        "❌ Abgesagt. Alice wurde benachrichtigt.\nMittwoch, 25. November 2026, 09:15–09:30"
    )
    assert alice.last.text.endswith("Note: Ich bin krank")


async def test_a_day_whose_reservations_are_completed_still_shows_them(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    await alice.taps("Confirm")
    await bot.advances(days=5)
    await bot.app.jobs.tidy()
    await open_hours.sends("/agenda")
    await open_hours.taps_data("ad:20261125", open_hours.card.id)

    open_hours.card.shows("Alice")


async def test_a_right_to_left_name_does_not_reorder_times(bot: BotHarness) -> None:
    dora = await add_provider(bot, zone="Europe/Berlin")
    guest = bot.joins("أحمد المصري")
    await guest.books("09:45")
    dora.last.shows("from \u2068أحمد المصري\u2069:")
    await dora.sends("/agenda")
    await dora.taps("Wed 25 Nov · 1")

    dora.card.shows("09:45–10:00  \u2068أحمد المصري\u2069")
    assert "09:45 \u2068أحمد المصري\u2069" in dora.buttons


async def test_an_assistant_who_cancels_their_own_visit_sees_it_on_their_card(
    bot: BotHarness, dora: ChatUser
) -> None:
    rita = bot.joins("Rita")
    await rita.sends("/start")
    await add_assistant(dora, rita)
    await rita.books("09:15")
    card = rita.card
    await asks_to_cancel(rita, "09:15 Rita")
    await rita.taps("Cancel without a note")

    card.shows("Cancelled by the provider")
    assert "Cancel booking" not in card.labels
