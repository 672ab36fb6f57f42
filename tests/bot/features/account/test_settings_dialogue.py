"""Chats about the settings: everyone's time zone and language, and a provider's public name."""

import pytest

from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_assistant, add_provider

pytestmark = pytest.mark.usually("sqlite")


def descriptions(bot: BotHarness, user: ChatUser) -> dict[str, str]:
    return {
        command["command"]: command["description"]
        for command in bot.simulator.commands_for(user.person)
    }


async def test_the_settings_show_zone_time_and_language(alice: ChatUser) -> None:
    await alice.sends("/settings")

    alice.card.shows("Time zone: Berlin (Mon 23 Nov, 10:00 there)\nLanguage: English")
    assert alice.buttons == ["🌍 Time zone", "💬 Language"]


async def test_a_tapped_zone_is_used_at_once(alice: ChatUser) -> None:
    await alice.sends("/settings")
    await alice.taps("Time zone")
    assert not any(label.startswith("✅") for label in alice.buttons)
    await alice.taps("Tokyo")

    assert alice.toast == "Times are now shown in Tokyo time."
    alice.card.shows("Time zone: Tokyo (Mon 23 Nov, 18:00 there)")
    assert len(alice.shown) == 1
    await alice.taps("Time zone")
    assert "✅ Tokyo" in alice.buttons


async def test_choosing_the_same_zone_twice_answers_the_same_twice(alice: ChatUser) -> None:
    await alice.sends("/settings")
    await alice.taps("Time zone")
    alice.person.taps("Tokyo")
    await alice.taps("Tokyo")

    assert [text for text, _ in alice.person.toasts][-2:] == [
        "Times are now shown in Tokyo time."
    ] * 2
    alice.card.shows("Time zone: Tokyo")


async def test_a_typed_zone_replaces_the_card(
    alice: ChatUser,
) -> None:
    await alice.sends("/settings")
    await alice.taps("Time zone")
    await alice.sends("Wien")

    assert alice.card.text.startswith("Times are now shown in Vienna time.")
    alice.card.shows("Time zone: Vienna")
    assert len(alice.shown) == 1
    await alice.sends("Paris")
    alice.last.shows("/help")


async def test_a_typed_place_with_several_zones_offers_them(alice: ChatUser) -> None:
    await alice.sends("/settings")
    await alice.taps("Time zone")
    await alice.sends("spain")
    alice.card.shows("“spain” has several time zones")
    assert alice.buttons == ["Madrid", "Ceuta", "Canary", "Back"]
    await alice.sends("america")
    alice.card.shows("“america” has many time zones; these are the main ones")
    assert alice.buttons[:4] == ["New York", "Chicago", "Los Angeles", "Denver"]
    assert alice.buttons[-1] == "Back"
    assert len(alice.buttons) == 8 + 1
    await alice.taps("Honolulu")

    alice.card.shows("Time zone: Honolulu (Sun 22 Nov, 23:00 there)")


async def test_a_typed_abbreviation_offers_its_zones(alice: ChatUser) -> None:
    await alice.sends("/settings")
    await alice.taps("Time zone")
    await alice.sends("PST")
    await alice.taps("Vancouver")

    alice.card.shows("Time zone: Vancouver")


@pytest.mark.parametrize(
    "text", ["Middle-earth", "<b>x</b>", "x" * 300, "🦷", "UTC+2", "../../etc/passwd"]
)
async def test_an_unknown_zone_is_answered_and_the_next_one_accepted(
    alice: ChatUser, text: str
) -> None:
    await alice.sends("/settings")
    await alice.taps("Time zone")
    await alice.sends(text)
    assert alice.last.text.startswith("I don't know “")

    await alice.sends("Madrid")
    alice.card.shows("Time zone: Madrid")


async def test_back_leads_to_the_settings_from_everywhere(provider: ChatUser) -> None:
    await provider.sends("/settings")
    for choice in ("Time zone", "Language", "Public name"):
        await provider.taps(choice)
        await provider.taps("Back")
        assert provider.card.text.startswith("⚙️ Settings")

    await provider.sends("Rome")
    provider.last.shows("/help")


async def test_the_language_is_changed_with_the_menu_and_back_again(
    bot: BotHarness, alice: ChatUser
) -> None:
    await alice.sends("/settings")
    await alice.taps("Language")
    assert alice.buttons == ["✅ English", "Deutsch", "Back"]
    await alice.taps("Deutsch")

    assert alice.toast == "Sprache: Deutsch"
    assert alice.card.text.startswith(
        "⚙️ Einstellungen\nZeitzone: Berlin (dort ist es Mo., 23. Nov., 10:00)\nSprache: Deutsch"
    )
    assert descriptions(bot, alice)["book"] == "Einen Termin buchen"

    await bot.restarts()
    await alice.taps("Sprache")
    assert alice.buttons == ["English", "✅ Deutsch", "Zurück"]
    await alice.taps("English")
    assert alice.toast == "Language: English"
    assert descriptions(bot, alice)["book"] == "Book a time"


async def test_a_provider_keeps_their_commands_in_another_language(
    bot: BotHarness, provider: ChatUser
) -> None:
    await provider.sends("/settings")
    await provider.taps("Language")
    await provider.taps("Deutsch")

    assert descriptions(bot, provider)["agenda"] == "Dein Kalender: Termine mit Kunden"


async def test_the_chosen_language_overrides_telegrams(bot: BotHarness) -> None:
    person = bot.joins("Jörg", language_code="de-AT")
    await person.sends("/settings")
    person.card.shows("Sprache: Deutsch")
    await person.taps("Sprache")
    await person.taps("English")
    await person.sends("/start")

    person.card.shows("Hello Jörg!")


async def test_a_provider_changes_the_public_name_and_keeps_the_link(
    provider: ChatUser, alice: ChatUser
) -> None:
    await provider.sends("/settings")
    provider.card.shows("Public name: Dora")
    await provider.taps("Public name")
    await provider.sends("Dr. Dora <Dent>")

    assert provider.card.text.startswith("✅ Clients now see you as Dr. Dora <Dent>.")
    provider.card.shows("Public name: Dr. Dora <Dent>")
    await provider.sends("/link")
    assert provider.link("?start=book_").endswith("book_dora")
    await alice.sends("/book")
    assert alice.last.text.startswith("Dr. Dora <Dent>")


@pytest.mark.parametrize("name", ["x" * 65, "x" * 300, "\u202e" * 300, "\u200f \u200e"])
async def test_an_unusable_name_is_refused_and_the_old_one_stays(
    provider: ChatUser, name: str
) -> None:
    await provider.sends("/settings")
    await provider.taps("Public name")
    await provider.sends(name)
    provider.last.shows("1 to 64 characters")
    await provider.taps("Back")
    provider.card.shows("Public name: Dora")


async def test_after_a_refused_name_the_next_one_is_accepted(
    bot: BotHarness, provider: ChatUser
) -> None:
    await provider.sends("/settings")
    await provider.taps("Public name")
    await provider.sends("x" * 65)
    await bot.restarts()
    await provider.sends("😀")

    provider.card.shows("Public name: 😀")


async def test_a_restart_between_any_two_steps_changes_nothing(
    bot: BotHarness, alice: ChatUser
) -> None:
    await alice.sends("/settings")
    await bot.restarts()
    await alice.taps("Time zone")
    await bot.restarts()
    await alice.sends("Spain")
    await bot.restarts()
    await alice.taps("Madrid")

    alice.card.shows("Time zone: Madrid")


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        ("sz:Middle/Earth", "I don't know that time zone"),
        ("sz:", "I don't know that time zone"),
        ("sn", "Only providers can do that"),
        ("sz:Europe/Berlin:1", "has expired"),
    ],
)
async def test_a_forged_button_changes_nothing(alice: ChatUser, data: str, answer: str) -> None:
    await alice.sends("/settings")
    before = alice.card.text
    await alice.taps_data(data, alice.card.id)

    assert answer in alice.toast
    assert alice.card.text == before


async def test_a_forged_language_shows_the_languages(alice: ChatUser) -> None:
    await alice.sends("/settings")
    await alice.taps_data("sc:tlh", alice.card.id)

    assert alice.buttons == ["✅ English", "Deutsch", "Back"]


async def test_settings_in_german(bot: BotHarness) -> None:
    person = bot.joins("Jörg", language_code="de")
    await person.sends("/settings")
    await person.taps("Zeitzone")
    assert "Tokio" in person.buttons
    await person.sends("Spanien")
    person.card.shows("„Spanien“ hat mehrere Zeitzonen")
    await person.sends("Mittelerde")
    person.last.shows("„Mittelerde“ kenne ich nicht")
    await person.sends("Mallorca")
    await person.taps("Zurück")

    assert person.card.text.startswith("⚙️ Einstellungen")


async def test_who_wants_no_notifications_of_a_provider_gets_none(
    bot: BotHarness, alice: ChatUser
) -> None:
    dora, bob = await add_provider(bot), bot.joins("Bob")
    await bob.sends("/start")
    await dora.sends("/settings")
    await dora.taps("🔔 Notifications: on")
    assert dora.toast == (
        "You're the only one notified about your clients' bookings, so this stays on."
    )
    assert dora.buttons[-1] == "🔔 Notifications: on"

    await add_assistant(dora, bob)
    await dora.taps("🔔 Notifications: on")
    assert "no messages about bookings" in dora.toast
    assert dora.buttons[-1] == "🔕 Notifications: off"

    seen = len(dora.shown)
    await alice.books("09:15")
    assert len(dora.shown) == seen

    await dora.taps("🔕 Notifications: off")
    await alice.books("09:30")
    dora.last.shows("New booking from Alice")


async def test_the_menu_names_a_public_name_only_to_those_who_have_one(
    bot: BotHarness, alice: ChatUser
) -> None:
    dora = await add_provider(bot)
    for person in (alice, dora):
        await person.sends("/start")
    assert descriptions(bot, alice)["settings"] == "Time zone and language"
    assert descriptions(bot, dora)["settings"] == "Time zone, language, name"
