"""Chats about becoming a provider: the invitation, the name, the time zone, and what goes wrong."""

import pytest

from domain.usecases.acting import own_provider
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser

pytestmark = pytest.mark.usually("sqlite")

PROVIDERS_OWN = {"hours", "agenda", "link"}


@pytest.fixture
async def invitation(admin: ChatUser) -> str:
    """Return a fresh invitation."""
    await admin.sends("/invite")
    await admin.taps("A provider")
    return admin.link("?start=join_")


@pytest.fixture
def dora(bot: BotHarness) -> ChatUser:
    """Return a person who is about to join."""
    return bot.joins("Dora")


def menu(bot: BotHarness, user: ChatUser) -> set[str]:
    return {command["command"] for command in bot.simulator.commands_for(user.person)}


async def slug(bot: BotHarness, user: ChatUser) -> str:
    async with bot.app.database.transaction() as work:
        provider = await own_provider(work, await user.number())
    return provider.slug if provider else ""


async def test_an_admin_gets_a_link_that_ends_in_a_week(admin: ChatUser) -> None:
    await admin.sends("/invite")
    await admin.taps("A provider")

    admin.last.shows("https://t.me/slotkeeper_bot?start=join_", "until Mon 30 Nov, 10:00.")


async def test_every_invitation_is_another_one(admin: ChatUser) -> None:
    await admin.sends("/start")
    await admin.taps("Invite someone")
    await admin.taps("A provider")
    first = admin.link("?start=join_")
    await admin.taps("A provider")

    assert admin.link("?start=join_") != first
    assert admin.sees("Who do you want to add?")
    assert admin.sees(first)


@pytest.mark.parametrize("provider_too", [False, True])
async def test_only_admins_invite(
    bot: BotHarness, invitation: str, dora: ChatUser, provider_too: bool
) -> None:
    if provider_too:
        await dora.opens(invitation)
    await dora.sends("/invite")
    dora.last.shows("Only an admin")
    await dora.taps_data("go:invite", dora.last.id)
    assert "Only an admin" in dora.toast
    assert not any("start=join_" in message.text for message in dora.shown)


async def test_joining_asks_for_name_and_zone_on_one_card_and_says_what_is_next(
    bot: BotHarness, invitation: str, dora: ChatUser
) -> None:
    await dora.opens(invitation)
    assert dora.card.text.startswith("🎉 Welcome! You're a provider now.")
    assert dora.buttons == ["Keep Dora"]
    assert menu(bot, dora) >= PROVIDERS_OWN

    await dora.taps("Keep Dora")
    dora.card.shows("What's your time zone?")
    assert dora.buttons[:3] == ["Keep Berlin", "London", "Athens"]

    await dora.taps("Tokyo")
    assert dora.card.text.startswith("✅ You're all set, Dora.\nTime zone: Tokyo")
    dora.card.shows("1. Set your hours: /hours", "We'll message you about every booking")
    assert dora.buttons == ["My hours", "My link", "Settings"]
    assert len(dora.shown) == 1

    await dora.taps("My link")
    assert "start=book_dora" in dora.shown[-2].text


async def test_name_and_zone_can_be_typed_and_the_link_follows_the_name(
    bot: BotHarness, invitation: str, dora: ChatUser
) -> None:
    await dora.opens(invitation)
    await dora.sends("  Dr.   Dora <b>Dent</b> ")
    dora.card.shows("Thanks, Dr. Dora <b>Dent</b>.")
    await dora.sends("Wien")

    assert dora.card.text.startswith("✅ You're all set, Dr. Dora <b>Dent</b>.\nTime zone: Vienna")
    assert len(dora.shown) == 1
    assert await slug(bot, dora) == "dr-dora-b-dent-b"


async def test_a_place_with_several_zones_offers_them_and_nonsense_is_answered(
    invitation: str, dora: ChatUser
) -> None:
    await dora.opens(invitation)
    await dora.taps("Keep")
    await dora.sends("Spain")
    dora.card.shows("“Spain” has several time zones")
    assert dora.buttons == ["Madrid", "Ceuta", "Canary"]

    await dora.sends("Middle-earth")
    dora.last.shows("I don't know “Middle-earth”")
    await dora.sends("UTC+2")
    dora.last.shows("I don't know “UTC+2”")
    await dora.sends("9" * 4096)
    dora.last.shows("I don't know “999")

    await dora.taps("Canary")
    assert dora.sees("Time zone: Canary")


async def test_an_exact_zone_name_is_accepted(invitation: str, dora: ChatUser) -> None:
    await dora.opens(invitation)
    await dora.taps("Keep")
    await dora.sends("america/new_york")

    dora.card.shows("Time zone: New York")


@pytest.mark.parametrize("name", ["x" * 65, "x" * 300, "\u202e" * 300, "\u200f \u200e"])
async def test_an_unusable_name_is_refused_and_the_next_one_accepted(
    invitation: str, dora: ChatUser, name: str
) -> None:
    await dora.opens(invitation)
    await dora.sends(name)
    dora.last.shows("1 to 64 characters")

    await dora.sends("😀")
    dora.card.shows("Thanks, 😀.")


@pytest.mark.parametrize(
    ("first", "last", "username", "kept"),
    [
        ("D" * 300, None, None, "D" * 64),
        ("\u200f\u202e", None, "dora_d", "dora_d"),
        ("😀", "🦷", None, "😀 🦷"),
        ("<i>Dora", "&amp;", None, "<i>Dora &amp;"),
        ("\u202eDora", None, None, "Dora"),
    ],
)
async def test_any_name_telegram_knows_can_be_kept(
    bot: BotHarness, invitation: str, first: str, last: str | None, username: str | None, kept: str
) -> None:
    guest = bot.joins(first, last_name=last, username=username)
    await guest.opens(invitation)
    assert guest.buttons == [f"Keep {kept}"]
    await guest.taps("Keep")
    await guest.taps("Keep Berlin")

    guest.card.shows(f"You're all set, {kept}.")


async def test_an_invitation_works_once(bot: BotHarness, invitation: str, dora: ChatUser) -> None:
    await dora.opens(invitation)
    emil = bot.joins("Emil")
    await emil.opens(invitation)

    emil.last.shows("has already been used")
    await emil.sends("Emil the Great")
    emil.last.shows("/help")
    assert not menu(bot, emil) & PROVIDERS_OWN


async def test_an_invitation_expires(bot: BotHarness, invitation: str, dora: ChatUser) -> None:
    await bot.advances(days=7)
    await dora.opens(invitation)

    dora.last.shows("This invitation has expired")


@pytest.mark.parametrize("code", ["", "x", "A" * 59])
async def test_an_invented_invitation_does_not_work(dora: ChatUser, code: str) -> None:
    await dora.sends(f"/start join_{code}")

    dora.last.shows("This invitation link doesn't work")


async def test_a_provider_does_not_use_up_another_invitation(
    bot: BotHarness, provider: ChatUser, admin: ChatUser, dora: ChatUser
) -> None:
    await admin.sends("/invite")
    await admin.taps("A provider")
    fresh = admin.link("?start=join_")
    await provider.opens(fresh)
    provider.last.shows("You're already a provider")

    await dora.opens(fresh)
    dora.card.shows("You're a provider now")


async def test_an_admin_can_accept_their_own_invitation(
    bot: BotHarness, admin: ChatUser, invitation: str
) -> None:
    await admin.opens(invitation)
    await admin.taps("Keep Ada")
    await admin.taps("Keep Berlin")

    assert menu(bot, admin) >= {*PROVIDERS_OWN, "invite"}


async def test_the_same_link_resumes_an_interrupted_joining(
    bot: BotHarness, invitation: str, dora: ChatUser
) -> None:
    await dora.opens(invitation)
    await dora.sends("Dr. Dora")
    await dora.sends("/help")
    await bot.advances(days=30)
    await dora.opens(invitation)
    assert dora.buttons == ["Keep Dr. Dora"]
    await dora.taps("Keep Dr. Dora")
    await dora.taps("Keep Berlin")

    dora.card.shows("You're all set, Dr. Dora.")


async def test_the_same_link_changes_nothing_once_joining_is_done(
    bot: BotHarness, invitation: str, dora: ChatUser
) -> None:
    await dora.opens(invitation)
    await dora.sends("Dr. Dora")
    await dora.sends("Berlin")
    await dora.opens(invitation)
    dora.last.shows("You're all set, Dr. Dora.")

    await dora.sends("Someone else")
    dora.last.shows("/help")
    assert await slug(bot, dora) == "dr-dora"


async def test_a_restart_between_any_two_steps_changes_nothing(
    bot: BotHarness, invitation: str, dora: ChatUser
) -> None:
    await bot.restarts()
    await dora.opens(invitation)
    await bot.restarts()
    await dora.sends("Dr. Dora")
    await bot.restarts()
    await dora.sends("Spain")
    await bot.restarts()
    await dora.taps("Madrid")

    dora.card.shows("You're all set, Dr. Dora.\nTime zone: Madrid")


async def test_old_joining_buttons_revert_nothing(
    bot: BotHarness, invitation: str, dora: ChatUser
) -> None:
    await dora.opens(invitation)
    await dora.sends("Dr. Dora")
    await dora.taps("Keep Berlin")
    await dora.sends("/settings")
    await dora.taps("Public name")
    await dora.sends("Dora Dent")
    await dora.taps_data("jn", dora.card.id)
    dora.card.shows("Thanks, Dora Dent.")
    await dora.taps_data("jz:Asia/Tokyo", dora.card.id)

    dora.card.shows("You're all set, Dora Dent.\nTime zone: Tokyo")
    assert await slug(bot, dora) == "dr-dora"


@pytest.mark.parametrize("data", ["jn", "jz:Europe/Berlin"])
async def test_a_forged_button_makes_no_provider(
    bot: BotHarness, alice: ChatUser, data: str
) -> None:
    await alice.sends("/start")
    await alice.taps_data(data, alice.card.id)

    assert "Only providers can do that" in alice.toast
    alice.card.shows("Hello Alice!")
    assert await slug(bot, alice) == ""


async def test_a_forged_zone_is_refused(provider: ChatUser) -> None:
    await provider.taps_data("jz:Middle/Earth")

    assert "I don't know that time zone" in provider.toast


async def test_joining_in_german(bot: BotHarness, invitation: str) -> None:
    guest = bot.joins("Jörg", language_code="de")
    await guest.opens(invitation)
    await guest.taps("Jörg behalten")
    assert "Tokio" in guest.buttons
    await guest.sends("Österreich")

    assert guest.card.text.startswith("✅ Alles bereit, Jörg.\nZeitzone: Wien")
    assert await slug(bot, guest) == "joerg"


async def test_the_current_time_zone_can_be_kept(bot: BotHarness, invitation: str) -> None:
    guest = bot.joins("Jörg", language_code="de")
    await guest.opens(invitation)
    await guest.taps("Jörg behalten")
    await guest.taps("Berlin behalten")

    assert guest.card.text.startswith("✅ Alles bereit, Jörg.\nZeitzone: Berlin")


async def test_a_person_without_a_name_is_asked_for_one_and_greeted_without(
    bot: BotHarness, invitation: str
) -> None:
    nameless = bot.joins("")
    await nameless.sends("/start")
    assert nameless.last.text.startswith("👋 Hello!\n")
    await nameless.opens(invitation)
    assert nameless.last.text.endswith(
        "What name should clients see? Type it, like “Dr. Baker” or “Corner Barber”."
    )
    assert nameless.last.labels == []
    await nameless.sends("Dr. Baker")
    assert nameless.last.text.startswith("Thanks, Dr. Baker.")
