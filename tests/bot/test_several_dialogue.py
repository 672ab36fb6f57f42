"""Chats of people who act for several providers: whose hours, whose days, and in which zone."""

import pytest

from domain.person import Contact
from domain.provider import Role
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.practice import add_absent_provider, add_assistant, provider_of

pytestmark = pytest.mark.usually("sqlite")


@pytest.fixture
async def rita(bot: BotHarness) -> ChatUser:
    """Return a receptionist of Dora and Emil, who have no hours and no Telegram."""
    rita = bot.joins("Rita")
    dora, emil = await add_absent_provider(bot, "Dora"), await add_absent_provider(bot, "Emil")
    await add_assistant(bot, rita, dora, emil)
    return rita


@pytest.mark.parametrize("answer", ["button", "name", "name with another line"])
async def test_a_line_without_a_name_is_kept_until_the_provider_is_chosen(
    bot: BotHarness, rita: ChatUser, answer: str
) -> None:
    await rita.sends("Fri 27 Nov 9-12")
    assert str(rita.card) == "Whose hours?\n\n[Dora]\n[Emil]"
    await bot.restarts()
    if answer == "button":
        await rita.taps("Emil")
    else:
        await rita.sends("emil" if answer == "name" else "Emil Fri 27 Nov 9-12")
    assert rita.card.text.startswith("👤 Emil\n\nPreview\nFri 27 Nov: 09:00–12:00")


async def test_a_kept_line_is_dropped_by_a_command(rita: ChatUser) -> None:
    await rita.sends("Fri 27 Nov 9-12")
    question = rita.card
    await rita.sends("/agenda")
    await rita.taps("Emil", message=question)
    assert "Preview" not in question.text
    assert question.text.startswith("👤 Emil\n\nHours\n")


async def test_the_newest_line_without_a_name_is_the_one_that_is_kept(rita: ChatUser) -> None:
    await rita.sends("Fri 27 Nov 9-12")
    await rita.sends("Sat 28 Nov 9-12")
    await rita.taps("Emil")
    rita.card.shows("Sat 28 Nov: 09:00–12:00")
    rita.card.hides("Fri 27 Nov")


@pytest.mark.parametrize("line", ["/hours Emil", "/hours emil"])
async def test_hours_of_a_named_provider_open_at_once(rita: ChatUser, line: str) -> None:
    await rita.sends(line)
    assert rita.card.text.startswith("👤 Emil\n\nHours\n")
    await rita.sends("Fri 27 Nov 9-12")
    assert rita.card.text.startswith("👤 Emil\n\nPreview")
    await rita.sends("Dora Fri 27 Nov 9-12")
    assert rita.card.text.startswith("👤 Dora\n\nPreview")
    await rita.sends("Dora")
    assert rita.card.text.startswith("👤 Dora\n\nHours\n")


@pytest.mark.parametrize("step", ["days", "start", "end", "removal"])
async def test_days_of_another_provider_are_previewed_at_any_step(
    bot: BotHarness, rita: ChatUser, step: str
) -> None:
    await rita.sends("/hours Emil")
    await rita.sends("Fri 27 Nov 9-12")
    if step == "removal":
        await rita.taps("Publish")
        await rita.taps("See hours")
        await rita.taps("Fri 27 Nov · 09:00–12:00")
    else:
        await rita.taps("Back")
        await rita.taps("Back")
    if step == "days":
        await rita.taps("Back")
    if step == "end":
        await rita.taps("09:00")
    await bot.restarts()
    await rita.sends("Dora Sat 28 Nov 10-12")
    assert rita.card.text.startswith("👤 Dora\n\nPreview\nSat 28 Nov: 10:00–12:00")
    await rita.taps("Publish")
    await rita.sends("/hours Dora")
    assert "Sat 28 Nov · 10:00–12:00" in rita.buttons


async def test_refused_hours_lead_back_to_the_same_provider(rita: ChatUser) -> None:
    await rita.sends("Emil Mon-Fri 9-12 every week")
    await rita.taps("Choose days")
    rita.card.shows("👤 Emil", "Which days?")
    await rita.sends("Emil Fri 27 Nov 9:10-12:10")
    rita.card.shows("👤 Emil", "quarter-hours")
    await rita.sends("Emil Fri 27 Nov 9-12")
    await rita.taps("Discard")
    rita.card.shows("👤 Emil")
    await rita.taps("See hours")
    rita.card.shows("👤 Emil", "Hours")


async def test_a_provider_who_assists_another_is_asked_too(bot: BotHarness) -> None:
    dora = await add_provider(bot)
    await add_assistant(bot, dora, await add_absent_provider(bot, "Emil"))
    await dora.sends("/hours")
    assert str(dora.card) == "Whose hours?\n\n[Dora]\n[Emil]"
    await dora.sends("Emil Fri 27 Nov 9-12")
    assert dora.card.text.startswith("👤 Emil\n\nPreview")
    await dora.sends("/hours Dora")
    assert dora.card.text.startswith("👤 Dora\n\nYour hours")


async def test_someone_who_assists_one_provider_is_never_asked(bot: BotHarness) -> None:
    rita = bot.joins("Rita")
    await add_assistant(bot, rita, await add_absent_provider(bot, "Emil", days=(25,)))
    await rita.sends("/hours")
    assert rita.card.text.startswith("👤 Emil\n\nHours\n")
    rita.card.hides("Not your time zone?")
    assert rita.buttons == ["📅 Choose days", "Wed 25 Nov · 09:00–12:00"]
    await rita.sends("Emil Fri 27 Nov 9-12")
    assert rita.card.text.startswith("👤 Emil\n\nPreview")
    await rita.sends("/agenda")
    assert rita.card.text.startswith("👤 Emil\n\n🗓 Monday, 23 November 2026")
    assert "All" not in rita.buttons


async def test_hours_of_another_provider_are_not_called_the_readers_own(
    bot: BotHarness,
) -> None:
    rita, jan = bot.joins("Rita"), bot.joins("Jan", language_code="de")
    dora, emil = (
        await add_absent_provider(bot, "Dora", days=(25,)),
        await add_absent_provider(bot, "Emil"),
    )
    for assistant in (rita, jan):
        await add_assistant(bot, assistant, dora, emil)
        await assistant.sends("/hours Dora")
    rita.card.shows("Open on 1 day. Tap it to see or remove its hours.")
    jan.card.shows("Zeiten an 1 Tag.")
    await rita.sends("/hours Emil")
    rita.card.shows("No hours yet.")
    await jan.sends("/hours Emil")
    jan.card.shows("Noch keine Zeiten eingetragen.")
    for assistant in (rita, jan):
        assert not any(word in assistant.card.text for word in ("You're", "you work", "Du hast"))


async def test_whose_hours_and_days_in_german(bot: BotHarness) -> None:
    rita = bot.joins("Rita", language_code="de")
    dora, emil = await add_absent_provider(bot, "Dora"), await add_absent_provider(bot, "Emil")
    await add_assistant(bot, rita, dora, emil)
    await rita.sends("Freitag 9-12 Uhr")
    assert str(rita.card) == "Wessen Zeiten?\n\n[Dora]\n[Emil]"
    await rita.taps("Emil")
    assert rita.card.text.startswith("👤 Emil\n\nVorschau\nFr., 27. Nov.: 09:00–12:00")
    await rita.sends("Freitag 10-11 Uhr für Dora")
    assert rita.card.text.startswith("👤 Dora\n\nVorschau\nFr., 27. Nov.: 10:00–11:00")
    await rita.sends("/agenda")
    assert "✅ Alle" in rita.buttons
    await rita.sends("Dora morgen")
    assert rita.card.text.startswith("👤 Dora\n\n🗓 Dienstag, 24. November 2026")
    await rita.sends("Emil Freitag 9-12 Uhr")
    await rita.taps("Verwerfen")
    assert rita.card.text == (
        "👤 Emil\n\nVerworfen\nAn den Zeiten von Emil hat sich nichts geändert."
    )
    await rita.sends("/link")
    assert str(rita.card) == "Wessen Link?\n\n[Dora]\n[Emil]"
    await rita.taps("Emil")
    rita.shown[-2].shows("Link von Emil", "die freien Zeiten von Emil")


async def test_the_team_learns_of_a_cancellation_in_german(
    bot: BotHarness, alice: ChatUser
) -> None:
    dora = await add_provider(bot, language_code="de")
    await dora.sends("/start")
    rita = bot.joins("Rita")
    await add_assistant(bot, rita, await provider_of(bot, dora))
    await alice.books("09:15")
    await rita.cancels_for_client(1, reason="ill")
    assert dora.last.text == (
        "❌ Rita hat den Termin von Alice abgesagt:\n"
        "Mittwoch, 25. November 2026, 09:15–09:30\nGrund: ill"
    )


async def test_what_another_cancelled_is_said_to_be_the_teams_doing(
    bot: BotHarness, alice: ChatUser
) -> None:
    dora, rita = await add_provider(bot), bot.joins("Rita")
    await add_assistant(bot, rita, await provider_of(bot, dora))
    await alice.books("09:15")
    await dora.sends("/agenda Wed")
    old = dora.card
    await rita.cancels_for_client(1)
    await dora.taps("09:15 Alice", message=old)
    assert old.text.startswith("This has changed: Alice, Wednesday, 25 November 2026, 09:15–09:30.")
    old.shows("Your team cancelled this appointment.")


async def test_a_cancelled_hold_is_no_news_for_the_team(bot: BotHarness, alice: ChatUser) -> None:
    dora = await add_provider(bot)
    rita = bot.joins("Rita")
    await add_assistant(bot, rita, await provider_of(bot, dora))
    await alice.holds("09:15")
    await rita.cancels_for_client(1)
    assert alice.sees("Dora cancelled your appointment")
    assert not dora.shown


@pytest.mark.parametrize("way", ["button", "argument"])
async def test_the_link_of_one_of_several_is_sent_on_request(rita: ChatUser, way: str) -> None:
    if way == "button":
        await rita.sends("/link")
        await rita.taps("Emil")
    else:
        await rita.sends("/link Emil")
    assert rita.link("start=book_") == "https://t.me/slotkeeper_bot?start=book_emil"
    assert str(rita.shown[-2]) == (
        "👤 Emil\n\nEmil's link\nhttps://t.me/slotkeeper_bot?start=book_emil\n\n"
        "Share it with clients; it shows Emil's free times. The QR code opens the same page.\n\n"
        "[Share]"
    )
    assert not rita.sees("book_dora")


async def test_each_provider_is_renamed_by_their_own_button(rita: ChatUser) -> None:
    await rita.sends("/settings")
    assert [label for label in rita.buttons if "name" in label] == [
        "Public name: Dora",
        "Public name: Emil",
    ]
    await rita.taps("Public name: Emil")
    rita.card.shows("👤 Emil", "Clients see the name Emil. Type a new one.")
    await rita.sends("Dr. Emil")
    rita.card.hides("👤")
    rita.card.shows("✅ Clients now see Emil as Dr. Emil.")
    assert [label for label in rita.buttons if "name" in label] == [
        "Public name: Dora",
        "Public name: Dr. Emil",
    ]


async def test_hours_are_typed_and_shown_in_the_providers_zone_which_is_named(
    bot: BotHarness,
) -> None:
    rita = bot.joins("Rita")
    emil = await add_absent_provider(bot, "Emil", zone="Europe/Berlin")
    kiri = await add_absent_provider(bot, "Kiri", zone="Pacific/Auckland")
    await add_assistant(bot, rita, emil, kiri, zone="America/New_York")
    await rita.sends("Emil Fri 27 Nov 9-12")
    rita.card.shows("Fri 27 Nov: 09:00–12:00", "(Berlin time)")
    await rita.taps("Publish")
    rita.card.shows("Fri 27 Nov: 09:00–12:00", "(Berlin time)")
    await rita.taps("See hours")
    rita.card.shows("Time zone: Berlin")
    await rita.taps("Fri 27 Nov · 09:00–12:00")
    rita.card.shows("Open: 09:00–12:00", "(Berlin time)")
    await rita.sends("10-11")
    rita.card.shows("27 November 2026 (Berlin time): 10:00–11:00")
    await rita.sends("Kiri Fri 27 Nov 9-12")
    rita.card.shows("Fri 27 Nov: 09:00–12:00", "(Auckland time)")
    await rita.taps("Publish")
    await rita.sends("/hours Kiri")
    assert "Fri 27 Nov · 09:00–12:00" in rita.buttons
    rita.card.shows("Time zone: Auckland")


async def test_days_side_by_side_are_in_the_readers_zone_and_one_alone_in_the_providers(
    bot: BotHarness, alice: ChatUser
) -> None:
    rita = bot.joins("Rita")
    emil = await add_absent_provider(bot, "Emil", days=(26,))
    kiri = await add_absent_provider(bot, "Kiri", zone="Pacific/Auckland")
    await add_assistant(bot, rita, emil, kiri, zone="America/New_York")
    # 10:00 on Friday in Auckland is 22:00 on Thursday in Berlin and 16:00 in New York.
    await rita.sends("/hours Kiri Fri 27 Nov 10-11")
    await rita.taps("Publish")
    await alice.books("22:00", day="26", provider="Kiri")
    rita.last.shows("Friday, 27 November 2026, 10:00–10:15 (Auckland time)", "With: Kiri")
    await rita.taps("Open that day")
    rita.last.shows("👤 Kiri", "Friday, 27 November 2026 (Auckland time)", "10:00–10:15  Alice")
    await rita.sends("/agenda 26 Nov")
    rita.card.shows("Thursday, 26 November 2026 (New York time)", "16:00–16:15  Alice · Kiri")
    await rita.taps("16:00 Alice")
    rita.card.shows("👤 Kiri", "Friday, 27 November 2026, 10:00–10:15 (Auckland time)")
    await rita.taps("Back")
    rita.card.shows("Thursday, 26 November 2026 (New York time)", "16:00–16:15  Alice · Kiri")
    await rita.sends("Kiri 27 Nov")
    rita.card.shows("Friday, 27 November 2026 (Auckland time)", "10:00–10:15  Alice")
    await rita.taps("10:00 Alice")
    await rita.taps("Back")
    rita.card.shows("👤 Kiri", "Friday, 27 November 2026 (Auckland time)")
    await rita.taps_data("ad:20261126", rita.card.id)
    await rita.taps("16:00 Alice")
    await rita.taps("Cancel booking")
    await rita.taps("Cancel without a note")
    rita.card.shows(
        "Friday, 27 November 2026, 10:00–10:15 (Auckland time)",
        "Thursday, 26 November 2026 (New York time)",
    )


async def test_today_and_tomorrow_are_those_of_the_named_provider(bot: BotHarness) -> None:
    rita = bot.joins("Rita")
    emil = await add_absent_provider(bot, "Emil")
    kiri = await add_absent_provider(bot, "Kiri", zone="Pacific/Auckland")
    await add_assistant(bot, rita, emil, kiri)
    await bot.advances(hours=4)
    await rita.sends("/agenda Kiri today")
    rita.card.shows("👤 Kiri", "Tuesday, 24 November 2026 (Auckland time)")
    await rita.sends("Emil today")
    rita.card.shows("👤 Emil", "Monday, 23 November 2026")
    await rita.sends("Kiri tomorrow 9-12")
    rita.card.shows("👤 Kiri", "Wed 25 Nov: 09:00–12:00")


async def test_a_reservation_outside_the_filter_leads_back_to_all_days(
    bot: BotHarness, alice: ChatUser
) -> None:
    rita = bot.joins("Rita")
    dora = await add_absent_provider(bot, "Dora", days=(25,))
    emil = await add_absent_provider(bot, "Emil", days=(25,))
    await add_assistant(bot, rita, dora, emil)
    await alice.books("09:15", provider="Emil")
    await rita.sends("/agenda Wed")
    old = rita.card
    entry = str(old.buttons[0].data)
    await rita.taps("Dora")
    await rita.taps_data(entry, rita.card.id)
    rita.card.shows("👤 Emil", "Alice")
    await rita.taps("Back")
    rita.card.shows("09:15–09:30  Alice · Emil")


async def test_a_provider_who_lost_their_account_is_a_client_again(bot: BotHarness) -> None:
    dora = await add_provider(bot, days=(25,))
    await add_absent_provider(bot, "Emil", days=(25,))
    phone = bot.joins("New phone")
    await dora.sends("/agenda")
    async with bot.app.database.transaction() as uow:
        number = (await uow.people.record_contact(phone_contact(phone), bot.now)).id
        await uow.providers.appoint(number, 1, Role.SELF, bot.now)
    await dora.sends("Wed")
    dora.last.shows("Only providers can do that.")
    await dora.sends("Wed 9:15")
    dora.last.hides("Only providers can do that.")


async def test_a_provider_who_is_lost_while_their_hours_are_open_is_asked_about_no_more(
    bot: BotHarness,
) -> None:
    dora = await add_provider(bot, days=(25,))
    await add_assistant(bot, dora, await add_absent_provider(bot, "Emil"))
    phone = bot.joins("New phone")
    await dora.sends("/hours Dora")
    async with bot.app.database.transaction() as uow:
        number = (await uow.people.record_contact(phone_contact(phone), bot.now)).id
        await uow.providers.appoint(number, 1, Role.SELF, bot.now)
    await dora.sends("Fri 27 Nov 9-12")
    dora.card.shows("👤 Emil", "Fri 27 Nov: 09:00–12:00")


def phone_contact(user: ChatUser) -> Contact:
    """Return what an update says about a person."""
    return Contact(user.id, "New phone")


@pytest.mark.parametrize("word", ["all", "Alle"])
async def test_all_typed_in_the_agenda_shows_all_providers_on_the_same_day(
    bot: BotHarness, alice: ChatUser, rita: ChatUser, word: str
) -> None:
    await rita.sends("/agenda Emil 27 Nov")
    assert rita.card.text.startswith("👤 Emil\n\n🗓 Friday, 27 November 2026")
    await bot.restarts()
    await rita.sends(word)
    assert rita.card.text.startswith("🗓 Friday, 27 November 2026")
    assert "✅ All" in rita.buttons


async def test_a_name_typed_in_the_agenda_keeps_the_day(rita: ChatUser) -> None:
    await rita.sends("/agenda 27 Nov")
    await rita.sends("Emil")
    assert rita.card.text.startswith("👤 Emil\n\n🗓 Friday, 27 November 2026")
    await rita.taps("›")
    await rita.sends("Dora")
    assert rita.card.text.startswith("👤 Dora\n\n🗓 Saturday, 28 November 2026")
    await rita.sends("/agenda Emil")
    assert rita.card.text.startswith("👤 Emil\n\n🗓 Monday, 23 November 2026")


async def test_providers_who_assist_others_are_told_only_whose_other_bookings_are(
    bot: BotHarness, alice: ChatUser
) -> None:
    dora = await add_provider(bot)
    await add_assistant(bot, dora, await add_absent_provider(bot, "Emil", days=(26,)))
    await alice.books("09:15", day="26", provider="Emil")
    dora.last.shows("New booking from Alice", "With: Emil")
    await alice.books("09:15", day="25", provider="Dora")
    dora.last.shows("New booking from Alice")
    dora.last.hides("With:")


async def test_settings_name_each_of_several_providers(bot: BotHarness) -> None:
    rita, jan = bot.joins("Rita"), bot.joins("Jan")
    dora, emil = await add_absent_provider(bot, "Dora"), await add_absent_provider(bot, "Emil")
    await add_assistant(bot, rita, dora, emil)
    await add_assistant(bot, jan, emil)
    await rita.sends("/settings")
    rita.card.shows("Public names:\n• Dora\n• Emil")
    await rita.taps("🔔 Emil: on")
    assert rita.toast == "You get no messages about bookings with Emil. See them in /agenda."
    assert {"🔔 Dora: on", "🔕 Emil: off"} <= set(rita.buttons)
    await rita.taps("🔕 Emil: off")
    assert rita.toast == "You get a message about every booking with Emil."


async def test_the_only_one_notified_reads_of_whose_bookings(rita: ChatUser) -> None:
    await rita.sends("/settings")
    await rita.taps("🔔 Emil: on")
    assert rita.toast == "You're the only one notified about Emil's bookings, so this stays on."
    assert "🔔 Emil: on" in rita.buttons


async def test_help_names_those_whom_a_person_assists(bot: BotHarness, rita: ChatUser) -> None:
    await rita.sends("/help")
    rita.last.shows("Assisting Dora and Emil", "/settings · Time zone, language, name")
    rita.last.hides("For providers")
    dora = await add_provider(bot, "Dana")
    await dora.sends("/help")
    dora.last.shows("For providers")
    dora.last.hides("Assisting")


async def test_the_own_booking_of_an_assistant_stays_in_their_own_zone(bot: BotHarness) -> None:
    emil, rita = await add_provider(bot, "Emil", zone="Europe/Athens"), bot.joins("Rita")
    await rita.books("10:00")
    await add_assistant(bot, rita, await provider_of(bot, emil))
    booking = rita.card
    booking.shows("Booked", "10:00–10:15 (Berlin time)")
    await rita.sends("/hours")
    await rita.taps("Wed 25 Nov · 10:00–13:00")
    await rita.taps("🗑 Remove whole day")
    await rita.taps("🗑 Remove")
    await rita.taps("Keep it")

    booking.shows("Booked", "10:00–10:15 (Berlin time)")
