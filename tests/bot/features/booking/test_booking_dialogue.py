"""Booking as chats: choosing, holding, confirming, moving, releasing, expiring."""

import pytest
from inline_snapshot import snapshot

from domain.person import Contact
from domain.timespan import TimeSpan
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider, add_self, in_berlin, live_in

DECEMBER = ("Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon")
EMPTY_MONTHS = (
    ("en", "December", "Nothing free in December 2026."),
    ("de", "Dezember", "Im Dezember 2026 ist nichts frei."),
)


async def test_the_only_provider_is_not_asked_for(alice: ChatUser, open_hours: ChatUser) -> None:
    await alice.sends("/book")

    alice.card.shows("Dora\nPick a time")
    alice.card.hides("Berlin", "/settings")
    assert [label for label in alice.buttons if label.startswith("⚡")] == [
        "⚡ Wed 25 Nov, 09:00",
        "⚡ Wed 25 Nov, 11:00",
    ]


async def test_only_days_with_free_times_can_be_tapped(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")

    assert [label for label in alice.buttons if label.isdigit()] == ["25"]


async def test_a_day_shows_its_free_times_in_the_clients_zone(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/settings")
    await alice.taps("Time zone")
    await alice.taps("New York")
    await alice.sends("/book")
    await alice.taps("25")

    assert [label for label in alice.buttons if ":" in label][:3] == ["03:00", "03:15", "03:30"]
    alice.card.shows("New York time")


async def test_a_slot_is_held_and_confirmed_on_one_card(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    card = alice.card.id
    await alice.taps("25")
    await alice.taps("09:15")

    assert str(alice.card) == snapshot("""\
⏳ Held for you until 10:30

Dora
Wednesday, 25 November 2026, 09:15–09:30

Confirm by 10:30, or it opens up to others.

[✅ Confirm]
[Change time] [Release]
[My bookings]\
""")

    await alice.taps("Confirm")

    assert str(alice.card) == snapshot("""\
✅ Booked

Dora
Wednesday, 25 November 2026, 09:15–09:30

[Cancel booking]
[My bookings]\
""")
    assert [message.id for message in alice.shown] == [card]
    assert open_hours.sees("New booking from Alice")


async def test_confirming_twice_notifies_the_provider_once(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    alice.person.taps("Confirm")
    await alice.taps("Confirm")

    assert alice.card.text.startswith("✅ Booked")
    assert len([m for m in open_hours.shown if "New booking" in m.text]) == 1


async def test_the_slower_client_sees_that_the_slot_was_taken(
    alice: ChatUser, bob: ChatUser, open_hours: ChatUser
) -> None:
    for client in (alice, bob):
        await client.sends("/book")
        await client.taps("25")
    await alice.taps("09:15")
    await bob.taps("09:15")

    assert "Someone just took that time" in bob.toast
    bob.card.shows("Someone just took that time")
    assert "09:15" not in bob.buttons
    assert "09:30" in bob.buttons


async def test_a_booking_can_be_typed_without_taps(alice: ChatUser, open_hours: ChatUser) -> None:
    await alice.sends("/book")
    await alice.sends("25 Nov")
    await alice.sends("9:45")

    alice.card.shows("Held for you", "09:45–10:00")
    assert len([m for m in alice.shown if m.rows]) == 1


async def test_a_day_and_a_time_can_be_typed_in_one_line(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.sends("wednesday 10:00")

    alice.card.shows("10:00–10:15")


async def test_an_unreadable_time_is_answered_with_examples(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.sends("as soon as you can")

    alice.last.shows("I didn't get", "13 Aug 9:15")
    await alice.sends("25.11.")
    assert "09:00" in alice.buttons


async def test_a_typed_time_that_is_taken_shows_what_is_free(
    alice: ChatUser, bob: ChatUser, open_hours: ChatUser
) -> None:
    await bob.sends("/book")
    await bob.taps("⚡ Wed 25 Nov, 09:00")
    await alice.sends("/book")
    await alice.sends("25 November 9:00")

    alice.card.shows("09:00 is taken")
    assert "09:15" in alice.buttons


@pytest.mark.parametrize(
    ("language", "typed", "full", "taken", "closed"),
    [
        ("en", "25 Nov", "Fully booked that day.", "09:00 is taken.", "13:00 isn't free."),
        ("de", "25.11.", "alles ausgebucht", "09:00 ist schon vergeben.", "13:00 ist nicht frei."),
    ],
)
async def test_only_a_time_that_others_hold_is_called_taken(
    bot: BotHarness, bob: ChatUser, language: str, typed: str, full: str, taken: str, closed: str
) -> None:
    await add_provider(bot)
    client = bot.joins("Chris", language_code=language)
    await bob.holds("09:00")
    await client.sends("/book")
    for time, answer in (("9:00", taken), ("13:00", closed)):
        await client.sends(f"{typed} {time}")
        assert client.card.text.startswith(answer)

    async with bot.app.database.transaction() as uow:
        hours = [TimeSpan(in_berlin(25, 9), in_berlin(25, 9, 15))]
        await uow.availability.replace(1, [TimeSpan(in_berlin(25, 9), in_berlin(25, 12))], hours)
    await client.sends(typed)
    client.card.shows(full)


async def test_the_zone_is_named_on_the_calendar_where_it_can_be_mistaken(
    bot: BotHarness, alice: ChatUser
) -> None:
    await add_provider(bot, zone="Asia/Tokyo")
    await alice.sends("/book")

    assert alice.card.text.startswith("Dora (Berlin time)\nPick a time")


async def test_a_link_names_the_zone_and_the_settings_until_a_zone_is_chosen(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/start book_dora")
    hint = "All times are Berlin time; choose your own zone in /settings."
    assert alice.card.text.endswith(hint)

    await live_in(alice, "Europe/Berlin")
    await alice.sends("/start book_dora")
    alice.card.hides(hint)


async def test_the_clients_own_hold_is_marked_and_opens_its_card(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    await alice.sends("/book")
    await alice.taps("25")

    assert alice.buttons[0] == "📌 09:00"
    await alice.taps("📌 09:00")
    alice.card.shows("Held for you")
    assert len([m for m in alice.shown if "Held for you" in m.text]) == 1


async def test_another_time_moves_the_hold_and_frees_the_old_one(
    alice: ChatUser, bob: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    await alice.taps("Change time")
    await alice.taps("25")
    await alice.taps("10:00")

    alice.card.shows("10:00–10:15")
    assert len([m for m in alice.shown if m.rows]) == 1
    await bob.sends("/book")
    await bob.taps("25")
    assert "09:00" in bob.buttons
    assert "10:00" not in bob.buttons


async def test_back_from_another_time_leads_to_the_hold_again(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    await alice.taps("Change time")
    await alice.taps("Back")

    alice.card.shows("Held for you")


async def test_a_released_slot_is_free_at_once(
    alice: ChatUser, bob: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    await alice.taps("Release")

    assert alice.card.text.startswith("Released")
    assert not any("cancelled" in message.text for message in open_hours.shown)
    await bob.sends("/book")
    assert "⚡ Wed 25 Nov, 09:00" in bob.buttons


async def test_five_minutes_before_the_end_the_card_and_one_message_warn(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    card = alice.card.id
    await bot.advances(minutes=24, seconds=59)
    assert not alice.sees("left to confirm")

    await bot.advances(seconds=1)

    assert alice.sees("Your hold ends at 10:30")
    alice.last.shows("5 minutes left to confirm (by 10:30)")
    assert len(alice.shown) == 2
    assert alice.shown[0].id == card


async def test_a_hold_keeps_its_card_when_a_day_is_typed_while_moving_it(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    await alice.taps("Change time")
    await alice.sends("25 Nov")
    alice.last.shows("Pick a new time to swap it")
    card = alice.last.id
    await bot.advances(minutes=25)
    assert [message.id for message in alice.shown if "Your hold ends at 10:30" in message.text] == [
        card
    ]

    await bot.advances(minutes=5)
    assert [message.id for message in alice.shown if "This hold has expired" in message.text] == [
        card
    ]
    assert not alice.sees("Pick a new time to swap it")


async def test_a_typed_time_that_overlaps_another_hold_is_refused(
    bot: BotHarness, alice: ChatUser, bob: ChatUser, open_hours: ChatUser
) -> None:
    await add_provider(bot, "Emil")
    await alice.holds("09:15", provider="Emil")
    await alice.sends("/book")
    await alice.taps("Dora")
    await alice.sends("25 Nov 9:15")
    assert alice.last.text.startswith("⚠️ You already have something then.")
    await alice.sends("13:00")
    assert alice.last.text.startswith("13:00 isn't free.")


async def test_a_card_opened_after_the_appointment_says_it_is_over(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.books("09:15")
    booked = alice.card.id
    await bot.advances(days=2)
    await alice.taps_data("rs:1", booked)

    assert alice.last.text.startswith("This appointment is over")
    assert not alice.last.rows


async def test_confirming_on_the_warning_leaves_one_card(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    await bot.advances(minutes=25)
    await alice.taps("Confirm", message=alice.last)

    assert [message.text.splitlines()[0] for message in alice.shown] == ["✅ Booked"]
    await bot.advances(minutes=10)
    assert not alice.sees("expired")


async def test_an_expired_hold_is_notified_and_can_be_held_again(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    await bot.advances(minutes=30)

    assert alice.sees("This hold has expired")
    alice.last.shows("Your hold has expired")
    assert not alice.sees("left to confirm")

    assert alice.last.labels == ["Hold it again", "Other times"]
    await alice.taps("Hold it again")
    alice.last.shows("Held for you until 11:00")


async def test_an_expired_slot_is_free_before_the_expiry_job_runs(
    bot: BotHarness, alice: ChatUser, bob: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("⚡ Wed 25 Nov, 09:00")
    held = alice.card
    bot.now = bot.now.replace(minute=29, second=59)
    await bob.sends("/book")
    assert "⚡ Wed 25 Nov, 09:00" not in bob.buttons

    bot.now = bot.now.replace(minute=30, second=0)
    bob.person.sends("/book")
    await bot.processes(bot.simulator.take_updates())
    bob.person.taps("⚡ Wed 25 Nov, 09:00")
    await bot.processes(bot.simulator.take_updates())

    bob.card.shows("Held for you")
    await bot.settles()
    alice.last.shows("Your hold has expired")
    assert "Hold it again" not in [button.text for m in alice.shown for button in m.buttons]
    await alice.taps_data("rc:1", held.id)
    assert "expired" in alice.toast


async def test_a_client_cannot_hold_more_than_three_times(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    for time in ("09:00", "09:30", "10:00"):
        await alice.sends("/book")
        await alice.taps("25")
        await alice.taps(time)
    await alice.sends("/book")
    await alice.taps("25")
    await alice.taps("11:00")

    assert "already holding 3 slots" in alice.toast


async def test_providers_cannot_book_with_themselves(open_hours: ChatUser) -> None:
    await open_hours.sends("/book")

    open_hours.last.shows("No one is taking bookings")
    await open_hours.taps_data("bc:1:0")
    assert "can't book yourself" in open_hours.toast


@pytest.mark.parametrize("language", ["en", "de"])
async def test_clients_are_answered_in_their_language(
    bot: BotHarness, open_hours: ChatUser, language: str
) -> None:
    client = bot.joins("Chris", language_code=language)
    await client.sends("/book")

    assert ("Wähle eine Zeit" in client.card.text) is (language == "de")


async def test_providers_are_paged_and_found_by_part_of_their_name(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    async with bot.app.database.transaction() as work:
        for number in range(20):
            name, slug = f"Doctor {number:02}", f"doctor-{number}"
            doctor = await work.people.record_contact(Contact(5000 + number, name), bot.now)
            await add_self(work, doctor.id, name, slug, bot.now)
    await alice.sends("/book")

    assert "1/3" in alice.buttons
    await alice.taps("›")
    assert "Doctor 08" in alice.buttons
    await alice.sends("octor 1")
    assert [label for label in alice.buttons if label.startswith("Doctor")] == [
        f"Doctor {n}" for n in range(10, 18)
    ]
    await alice.sends("DORA")
    assert alice.card.text.startswith("Dora")
    await alice.taps("Back")
    assert "1/3" in alice.buttons
    await alice.sends("another name")
    alice.last.shows("No one called")
    await alice.taps("All providers")
    assert "1/3" in alice.buttons


async def test_two_quick_taps_on_one_card_move_one_hold(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps("25")
    alice.person.taps("09:15")
    alice.person.taps("09:30")
    await bot.settles()
    await alice.taps("Confirm")
    await bot.advances(minutes=31)

    assert alice.last.text.startswith("✅ Booked")
    alice.last.shows("09:30–09:45")
    assert not alice.sees("expired")


async def test_a_very_long_part_of_a_name_is_answered(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    async with bot.app.database.transaction() as work:
        emil = await work.people.record_contact(Contact(555, "Emil"), bot.now)
        await add_self(work, emil.id, "Emil", "emil", bot.now)
    await alice.sends("/book")
    before = len(alice.shown)
    await alice.sends("&" * 4096)

    assert len(alice.shown) == before + 1
    await alice.sends("dora")
    assert "⚡ Wed 25 Nov, 09:00" in alice.buttons


@pytest.mark.parametrize("text", ["9:15", "9.15", "9:15 Uhr", "at 9:15", "09:15", "9:15 am"])
async def test_a_time_alone_asks_for_the_day(
    alice: ChatUser, open_hours: ChatUser, text: str
) -> None:
    await alice.sends("/book")
    await alice.sends(text)

    alice.card.shows("Which day at 09:15?")
    assert alice.buttons == ["Wed 25 Nov, 09:15", "Back"]
    await alice.taps("Wed 25 Nov, 09:15")
    alice.card.shows("Held for you")
    assert len([m for m in alice.shown if m.rows]) == 1


async def test_a_time_alone_is_kept_until_its_day_is_typed(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.sends("10")
    await bot.restarts()
    await alice.sends("wednesday")

    alice.card.shows("10:00–10:15")


async def test_a_time_free_on_no_day_shows_the_calendar(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.sends("3pm")

    assert alice.card.text.startswith("No day has 15:00 free.")
    assert "⚡ Wed 25 Nov, 09:00" in alice.buttons


async def test_a_time_free_on_many_days_offers_the_soonest_eight(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await open_hours.sends("/hours")
    await open_hours.sends("daily 9-12 from 1 December to 20 December")
    await open_hours.taps("Publish")
    await alice.sends("/book")
    await alice.sends("9:15")

    assert alice.buttons == [
        "Wed 25 Nov, 09:15",
        *(f"{day} {n} Dec, 09:15" for n, day in enumerate(DECEMBER, 1)),
        "Back",
    ]


async def test_a_typed_day_and_time_start_a_booking(alice: ChatUser, open_hours: ChatUser) -> None:
    await alice.sends("wednesday 9:15")
    alice.card.shows("Held for you", "09:15–09:30")

    await alice.taps("Release")
    await alice.sends("25 Nov")
    assert "09:15" in alice.buttons


async def test_a_typed_day_and_time_wait_for_the_provider(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await add_provider(bot, "Emil")
    await alice.sends("wednesday 9:15")
    assert alice.buttons == ["Dora", "Emil"]
    await bot.restarts()
    await alice.taps("Emil")
    alice.card.shows("Emil\nWednesday, 25 November 2026, 09:15–09:30")

    await alice.taps("Release")
    await alice.sends("25 Nov")
    await alice.sends("Dora")
    assert alice.card.text.startswith("Dora\nWednesday, 25 November 2026")


async def test_book_forgets_a_day_typed_before(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await add_provider(bot, "Emil")
    await alice.sends("25 Nov")
    await alice.sends("/book")
    await alice.taps("Emil")

    assert "⚡ Wed 25 Nov, 09:00" in alice.buttons


async def test_other_time_says_that_the_hold_is_kept(
    alice: ChatUser, bob: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.sends("25 Nov 9:00")
    await alice.taps("Change time")
    slot = "Wednesday, 25 November 2026, 09:00–09:15"
    kept = f"{slot} is yours until 10:30. Pick a new time to swap it."
    assert alice.card.text.startswith(kept)
    await alice.taps("25")
    assert alice.card.text.startswith(kept)

    await bob.sends("/book")
    await bob.taps_data("bc:1:1", bob.card.id)
    bob.card.hides("Pick a new time to swap it")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("26 Nov 9:45", "Nothing free that day."),
        ("26 Nov", "Nothing free that day."),
        ("today 9:45", "Please book at least"),
        ("25 November 2027 9:45", "That's too far ahead"),
        ("1.1.2028", "That's too far ahead"),
    ],
)
async def test_a_day_without_free_times_gives_one_reason(
    alice: ChatUser, open_hours: ChatUser, text: str, reason: str
) -> None:
    await alice.sends("/book")
    await alice.sends(text)

    assert reason in alice.card.text
    alice.card.hides("is taken", "Fully booked", "Berlin")
    await alice.taps("Back")
    assert "25" in alice.buttons


async def test_a_time_within_the_notice_period_is_refused(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await bot.advances(hours=23, minutes=30)
    await alice.sends("/book")
    await alice.sends("25 Nov 9:00")

    alice.card.shows("Please book at least")
    assert "09:30" in alice.buttons


async def test_a_month_without_free_days_says_so_and_keeps_its_arrows(
    bot: BotHarness, open_hours: ChatUser
) -> None:
    for language, month, sentence in EMPTY_MONTHS:
        client = bot.joins("Chris", language_code=language)
        await client.sends("/book")
        await client.taps("›")

        assert sentence in client.card.text
        assert [label for label in client.buttons if "⚡" not in label] == [
            "‹",
            f"{month} 2026",
            "›",
        ]


async def test_a_refused_time_is_a_toast_and_not_an_alert(
    alice: ChatUser, bob: ChatUser, open_hours: ChatUser
) -> None:
    for client in (alice, bob):
        await client.sends("/book")
        await client.taps("25")
    await alice.taps("09:15")
    await bob.taps("09:15")

    assert bob.person.toasts[-1] == (
        "Someone just took that time. Pick another.",
        False,
    )


async def test_too_many_holds_lead_to_the_list_of_bookings(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    for time in ("09:00", "09:30", "10:00"):
        await alice.sends("/book")
        await alice.sends(f"25 Nov {time}")
    await alice.sends("/book")
    await alice.sends("25 Nov 11:00")

    alice.card.shows("already holding 3 slots")
    assert alice.buttons[-1] == "My bookings"


async def test_a_provider_without_free_times_offers_to_look_again(
    alice: ChatUser, provider: ChatUser
) -> None:
    await alice.sends("/book")
    alice.last.shows("No free times right now")
    await provider.sends("/hours")
    await provider.sends("2026-11-25 09:00-12:00")
    await provider.taps("Publish")
    await alice.taps("Look again")

    assert "⚡ Wed 25 Nov, 09:00" in alice.buttons


async def test_an_admin_without_providers_is_offered_to_invite_one(admin: ChatUser) -> None:
    await admin.sends("/book")

    assert admin.buttons == ["Invite someone"]
