"""Chats about the time zone of a provider who has no Telegram account to choose it with."""

import pytest

from domain.provider import Provider, Role
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.practice import add_absent_provider, add_assistant, provider_of

pytestmark = pytest.mark.usually("sqlite")


@pytest.fixture
async def emil(bot: BotHarness) -> Provider:
    """Return a provider without Telegram, who is open on Wednesday 25 November."""
    return await add_absent_provider(bot, "Emil", days=(25,))


@pytest.fixture
async def rita(bot: BotHarness, emil: Provider) -> ChatUser:
    """Return Emil's assistant."""
    rita = bot.joins("Rita")
    await add_assistant(bot, rita, emil)
    return rita


async def zone_of(bot: BotHarness, provider: Provider) -> str | None:
    async with bot.app.database.snapshot() as uow:
        found = await uow.queries.provider(provider.id)
    assert found
    return found.time_zone


async def test_a_tapped_zone_is_that_of_the_providers_hours(
    bot: BotHarness, rita: ChatUser, emil: Provider
) -> None:
    await rita.sends("/settings")
    assert rita.buttons[-1] == "Time zone of Emil: Berlin"
    await rita.taps("Time zone of Emil: Berlin")
    assert rita.card.text.startswith("👤 Emil\n\nTime zone\nTheir time zone is Berlin.")
    assert rita.buttons[-1] == "Back"
    await rita.taps("Tokyo")

    assert rita.toast == "The hours of Emil are now shown in Tokyo time."
    assert rita.card.text.startswith("⚙️ Settings\nTime zone: Berlin")
    assert rita.buttons[-1] == "Time zone of Emil: Tokyo"
    assert await zone_of(bot, emil) == "Asia/Tokyo"
    await rita.taps("Time zone of Emil: Tokyo")
    assert "✅ Tokyo" in rita.buttons
    await rita.sends("/hours")
    rita.card.shows("Time zone: Tokyo")
    assert "Wed 25 Nov · 17:00–20:00" in rita.buttons


async def test_a_typed_zone_is_confirmed_whatever_the_provider_is_called(
    bot: BotHarness, rita: ChatUser, emil: Provider
) -> None:
    async with bot.app.database.transaction() as uow:
        await uow.providers.rename(emil.id, "Emil <3 & Co", "emil")
    await rita.sends("/settings")
    await rita.taps("Time zone of Emil <3 & Co: Berlin")
    await rita.sends("tokyo")

    assert rita.card.text.startswith("The hours of Emil <3 & Co are now shown in Tokyo time.")


async def test_a_typed_zone_is_that_of_the_providers_hours_even_after_a_restart(
    bot: BotHarness, rita: ChatUser, emil: Provider
) -> None:
    await rita.sends("/settings")
    await rita.taps("Time zone of Emil: Berlin")
    await bot.restarts()
    await rita.sends("Middle-earth")
    rita.last.shows("I don't know “Middle-earth”")
    await rita.sends("spain")
    rita.card.shows("👤 Emil", "“spain” has several time zones")
    assert rita.buttons == ["Madrid", "Ceuta", "Canary", "Back"]
    await rita.sends("Auckland")

    assert rita.card.text.startswith(
        "The hours of Emil are now shown in Auckland time.\n\n⚙️ Settings"
    )
    assert await zone_of(bot, emil) == "Pacific/Auckland"
    await rita.sends("Paris")
    assert await zone_of(bot, emil) == "Pacific/Auckland"


async def test_a_zone_offered_for_a_typed_place_is_the_providers(
    bot: BotHarness, rita: ChatUser, emil: Provider
) -> None:
    await rita.sends("/settings")
    await rita.taps("Time zone of Emil: Berlin")
    await rita.sends("spain")
    await rita.taps("Canary")

    rita.card.shows("Time zone: Berlin")
    assert await zone_of(bot, emil) == "Atlantic/Canary"


async def test_back_leads_to_the_settings_and_the_next_own_zone_is_ones_own(
    bot: BotHarness, rita: ChatUser, emil: Provider
) -> None:
    await rita.sends("/settings")
    await rita.taps("Time zone of Emil: Berlin")
    await rita.taps("Back")
    await rita.taps("🌍 Time zone")
    await rita.sends("Madrid")

    rita.card.shows("Times are now shown in Madrid time.")
    assert await zone_of(bot, emil) is None
    # Emil's hours are in the venue's zone, whatever his assistant's zone is.
    assert rita.buttons[-1] == "Time zone of Emil: Berlin"


async def test_only_the_zone_of_providers_without_an_account_is_offered(
    bot: BotHarness, rita: ChatUser
) -> None:
    dora = await add_provider(bot)
    await add_assistant(bot, rita, await provider_of(bot, dora))
    await rita.sends("/settings")
    assert [label for label in rita.buttons if label.startswith("Time zone of")] == [
        "Time zone of Emil: Berlin"
    ]
    await dora.sends("/settings")
    assert not any(label.startswith("Time zone of") for label in dora.buttons)


@pytest.mark.parametrize("step", ["ask", "tap", "type"])
async def test_a_provider_who_got_an_account_chooses_for_themselves(
    bot: BotHarness, rita: ChatUser, emil: Provider, step: str
) -> None:
    await rita.sends("/settings")
    if step != "ask":
        await rita.taps("Time zone of Emil: Berlin")
    phone = bot.joins("Emil")
    await phone.sends("/start")
    number = await phone.number()
    async with bot.app.database.transaction() as uow:
        await uow.providers.appoint(number, emil.id, Role.SELF, bot.now)
    if step == "type":
        await rita.sends("Tokyo")
        rita.last.shows("has a Telegram account now")
        assert rita.last.labels == ["Settings"]
    else:
        await rita.taps("Tokyo" if step == "tap" else "Time zone of Emil: Berlin")
        assert "has a Telegram account now" in rita.toast
    assert await zone_of(bot, emil) is None


async def test_a_forged_zone_changes_nothing(
    bot: BotHarness, rita: ChatUser, emil: Provider
) -> None:
    await rita.sends("/settings")
    await rita.taps_data(f"sp:{emil.id}:Middle/Earth", rita.card.id)

    assert "I don't know that time zone" in rita.toast
    assert await zone_of(bot, emil) is None


async def test_a_preview_from_before_the_zone_was_chosen_is_not_published(
    bot: BotHarness, rita: ChatUser, emil: Provider
) -> None:
    await rita.sends("/hours Fri 27 Nov 9-12")
    preview = rita.card
    await rita.sends("/settings")
    await rita.taps("Time zone of Emil: Berlin")
    await rita.taps("Tokyo")
    await rita.taps("Publish", message=preview)

    assert rita.toast == "The time zone has changed since this preview. Check the times again."
    preview.shows("👤 Emil", "Fri 27 Nov: 09:00–12:00", "(Tokyo time)")


async def test_back_and_saving_lead_to_the_page_of_the_provider(
    bot: BotHarness, rita: ChatUser, emil: Provider
) -> None:
    for number in range(8):
        other = await add_absent_provider(bot, f"Anna {number}", days=())
        await add_assistant(bot, rita, other)
    await rita.sends("/settings")
    assert "Time zone of Emil: Berlin" not in rita.buttons
    for question in ("Time zone of Emil: Berlin", "Public name: Emil"):
        await rita.taps("›")
        await rita.taps(question)
        await rita.taps("Back")
        assert question in rita.buttons
        await rita.taps("‹")

    await rita.taps("›")
    await rita.taps("Public name: Emil")
    await rita.sends("Emilio")
    assert "Public name: Emilio" in rita.buttons


async def test_the_zone_of_a_provider_in_german(bot: BotHarness, emil: Provider) -> None:
    jan = bot.joins("Jan", language_code="de")
    await add_assistant(bot, jan, emil)
    await jan.sends("/settings")
    await jan.taps("Zeitzone von Emil: Berlin")
    jan.card.shows("Für diesen Anbieter gilt die Zeitzone Berlin.")
    await jan.taps("Tokio")

    assert jan.toast == "Die Zeiten von Emil siehst du jetzt in der Zeitzone Tokio."
    assert jan.buttons[-1] == "Zeitzone von Emil: Tokio"
