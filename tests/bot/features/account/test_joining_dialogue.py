"""Chats about becoming a provider: the invitation, the name, the zone, and everything that may go wrong on the way."""

import pytest

from tests.kit.bot import Chatter, Town

pytestmark = pytest.mark.usually("sqlite")

PROVIDERS_OWN = {"hours", "agenda", "link"}


@pytest.fixture
async def invitation(admin: Chatter) -> str:
    """Return a fresh invitation."""
    await admin.sends("/invite")
    return admin.link("?start=join_")


@pytest.fixture
def dora(town: Town) -> Chatter:
    """Return somebody who is about to join."""
    return town.joins("Dora")


def menu(town: Town, chatter: Chatter) -> set[str]:
    return {command["command"] for command in town.simulator.commands_for(chatter.person)}


async def slug(town: Town, chatter: Chatter) -> str:
    async with town.app.database.transaction() as work:
        provider = await work.providers.of_client(chatter.id)
    return provider.slug if provider else ""


async def test_an_admin_gets_a_link_that_ends_in_a_week(admin: Chatter) -> None:
    await admin.sends("/invite")

    assert "https://t.me/slotkeeper_bot?start=join_" in admin.last.text
    assert "until Mon 30 Nov, 10:00 (time zone: Europe/Berlin)" in admin.last.text


async def test_every_invitation_is_another_one(admin: Chatter) -> None:
    await admin.sends("/start")
    await admin.taps("Invite a provider")
    first = admin.link("?start=join_")
    await admin.taps("Invite a provider")

    assert admin.link("?start=join_") != first
    assert admin.sees("Hello Ada!")
    assert admin.sees(first)


@pytest.mark.parametrize("provider_too", [False, True])
async def test_nobody_else_invites(town: Town, invitation: str, dora: Chatter, provider_too: bool) -> None:  # noqa: FBT001
    if provider_too:
        await dora.opens(invitation)
    await dora.sends("/invite")
    assert "Only an admin" in dora.last.text
    await dora.taps_data("go:invite", dora.last.id)
    assert "Only an admin" in dora.toast
    assert not any("start=join_" in message.text for message in dora.shown)


async def test_a_guest_is_asked_for_name_and_zone_on_one_card_and_told_what_comes_next(town: Town, invitation: str, dora: Chatter) -> None:
    await dora.opens(invitation)
    assert dora.card.text.startswith("🎉 Welcome! You are a provider now.")
    assert dora.buttons == ["Keep Dora"]
    assert menu(town, dora) >= PROVIDERS_OWN

    await dora.taps("Keep Dora")
    assert "In which time zone do you work?" in dora.card.text
    assert dora.buttons[:3] == ["Keep Berlin", "London", "Berlin"]

    await dora.taps("Tokyo")
    assert dora.card.text.startswith("✅ All set, Dora.\nTime zone: Asia/Tokyo")
    assert dora.buttons == ["Post hours", "My link", "Settings"]
    assert len(dora.shown) == 1

    await dora.taps("My link")
    assert "start=book_dora" in dora.shown[-2].text


async def test_name_and_zone_can_be_typed_and_the_link_follows_the_name(town: Town, invitation: str, dora: Chatter) -> None:
    await dora.opens(invitation)
    await dora.sends("  Dr.   Dora <b>Dent</b> ")
    assert "Thank you, Dr. Dora <b>Dent</b>." in dora.card.text
    await dora.sends("Wien")

    assert dora.card.text.startswith("✅ All set, Dr. Dora <b>Dent</b>.\nTime zone: Europe/Vienna")
    assert len(dora.shown) == 1
    assert await slug(town, dora) == "dr-dora-b-dent-b"


async def test_a_place_with_several_zones_is_asked_about_and_nonsense_answered(invitation: str, dora: Chatter) -> None:
    await dora.opens(invitation)
    await dora.taps("Keep")
    await dora.sends("Spain")
    assert "“Spain” can mean several time zones" in dora.card.text
    assert dora.buttons == ["Madrid", "Ceuta", "Canary"]

    await dora.sends("Middle-earth")
    assert "I do not know “Middle-earth”" in dora.last.text
    await dora.sends("UTC+2")
    assert "I do not know “UTC+2”" in dora.last.text
    await dora.sends("9" * 4096)
    assert "I do not know “999" in dora.last.text

    await dora.taps("Canary")
    assert dora.sees("Time zone: Atlantic/Canary")


async def test_an_exact_zone_name_is_taken_as_it_is(invitation: str, dora: Chatter) -> None:
    await dora.opens(invitation)
    await dora.taps("Keep")
    await dora.sends("america/new_york")

    assert "Time zone: America/New_York" in dora.card.text


@pytest.mark.parametrize("name", ["x" * 65, "x" * 300, "\u202e" * 300, "\u200f \u200e"])
async def test_a_name_nobody_could_read_is_refused_and_the_next_one_taken(invitation: str, dora: Chatter, name: str) -> None:
    await dora.opens(invitation)
    await dora.sends(name)
    assert "at least one visible character and at most 64" in dora.last.text

    await dora.sends("😀")
    assert "Thank you, 😀." in dora.card.text


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
    town: Town, invitation: str, first: str, last: str | None, username: str | None, kept: str
) -> None:
    guest = town.joins(first, last_name=last, username=username)
    await guest.opens(invitation)
    assert guest.buttons == [f"Keep {kept}"]
    await guest.taps("Keep")
    await guest.taps("Berlin")

    assert f"All set, {kept}." in guest.card.text


async def test_a_link_works_once(town: Town, invitation: str, dora: Chatter) -> None:
    await dora.opens(invitation)
    emil = town.joins("Emil")
    await emil.opens(invitation)

    assert "has been used already" in emil.last.text
    await emil.sends("Emil the Great")
    assert "/help" in emil.last.text
    assert not menu(town, emil) & PROVIDERS_OWN


async def test_a_link_ends(town: Town, invitation: str, dora: Chatter) -> None:
    await town.passes(days=7)
    await dora.opens(invitation)

    assert "This invitation has expired" in dora.last.text


@pytest.mark.parametrize("code", ["", "x", "A" * 59])
async def test_a_link_that_was_never_given_out_does_not_work(dora: Chatter, code: str) -> None:
    await dora.sends(f"/start join_{code}")

    assert "This invitation link does not work" in dora.last.text


async def test_a_provider_does_not_use_another_invitation_up(town: Town, provider: Chatter, admin: Chatter, dora: Chatter) -> None:
    await admin.sends("/invite")
    fresh = admin.link("?start=join_")
    await provider.opens(fresh)
    assert "You are a provider already" in provider.last.text

    await dora.opens(fresh)
    assert "You are a provider now" in dora.card.text


async def test_an_admin_may_invite_himself(town: Town, admin: Chatter, invitation: str) -> None:
    await admin.opens(invitation)
    await admin.taps("Keep Ada")
    await admin.taps("Berlin")

    assert menu(town, admin) >= {*PROVIDERS_OWN, "invite"}


async def test_whoever_stopped_half_way_goes_on_by_the_same_link(town: Town, invitation: str, dora: Chatter) -> None:
    await dora.opens(invitation)
    await dora.sends("Dr. Dora")
    await dora.sends("/help")
    await town.passes(days=30)
    await dora.opens(invitation)
    assert dora.buttons == ["Keep Dr. Dora"]
    await dora.taps("Keep Dr. Dora")
    await dora.taps("Berlin")

    assert "All set, Dr. Dora." in dora.card.text


async def test_whoever_is_done_sees_so_by_the_same_link_and_keeps_name_and_link(town: Town, invitation: str, dora: Chatter) -> None:
    await dora.opens(invitation)
    await dora.sends("Dr. Dora")
    await dora.sends("Berlin")
    await dora.opens(invitation)
    assert "All set, Dr. Dora." in dora.last.text

    await dora.sends("Somebody else")
    assert "/help" in dora.last.text
    assert await slug(town, dora) == "dr-dora"


async def test_a_restart_between_any_two_steps_interrupts_nobody(town: Town, invitation: str, dora: Chatter) -> None:
    await town.restarts()
    await dora.opens(invitation)
    await town.restarts()
    await dora.sends("Dr. Dora")
    await town.restarts()
    await dora.sends("Spain")
    await town.restarts()
    await dora.taps("Madrid")

    assert "All set, Dr. Dora.\nTime zone: Europe/Madrid" in dora.card.text


async def test_old_buttons_of_joining_take_nothing_back(town: Town, invitation: str, dora: Chatter) -> None:
    await dora.opens(invitation)
    await dora.sends("Dr. Dora")
    await dora.taps("Berlin")
    await dora.sends("/settings")
    await dora.taps("Public name")
    await dora.sends("Dora Dent")
    await dora.taps_data("jn", dora.card.id)
    assert "Thank you, Dora Dent." in dora.card.text
    await dora.taps_data("jz:Asia/Tokyo", dora.card.id)

    assert "All set, Dora Dent.\nTime zone: Asia/Tokyo" in dora.card.text
    assert await slug(town, dora) == "dr-dora"


@pytest.mark.parametrize("data", ["jn", "jz:Europe/Berlin"])
async def test_nobody_joins_by_a_forged_button(town: Town, alice: Chatter, data: str) -> None:
    await alice.sends("/start")
    await alice.taps_data(data, alice.card.id)

    assert "Only providers can do that" in alice.toast
    assert "Hello Alice!" in alice.card.text
    assert await slug(town, alice) == ""


async def test_a_forged_zone_is_refused(provider: Chatter) -> None:
    await provider.taps_data("jz:Middle/Earth")

    assert "No time zone has that name" in provider.toast


async def test_joining_speaks_german(town: Town, invitation: str) -> None:
    guest = town.joins("Jörg", language_code="de")
    await guest.opens(invitation)
    await guest.taps("Jörg behalten")
    assert "Tokio" in guest.buttons
    await guest.sends("Österreich")

    assert guest.card.text.startswith("✅ Alles bereit, Jörg.\nZeitzone: Europe/Vienna")
    assert await slug(town, guest) == "joerg"


async def test_the_zone_times_are_shown_in_can_be_kept(town: Town, invitation: str) -> None:
    guest = town.joins("Jörg", language_code="de")
    await guest.opens(invitation)
    await guest.taps("Jörg behalten")
    await guest.taps("Berlin behalten")

    assert guest.card.text.startswith("✅ Alles bereit, Jörg.\nZeitzone: Europe/Berlin")


async def test_a_person_without_a_name_is_asked_for_one_and_greeted_without(town: Town, invitation: str) -> None:
    nameless = town.joins("")
    await nameless.sends("/start")
    assert nameless.last.text.startswith("👋 Hello!\n")
    await nameless.opens(invitation)
    assert nameless.last.text.endswith("What name should clients see? Type it, like “Dr. Baker” or “Corner Barber”.")
    assert nameless.last.labels == []
    await nameless.sends("Dr. Baker")
    assert nameless.last.text.startswith("Thank you, Dr. Baker.")
