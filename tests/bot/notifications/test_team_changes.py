"""Chats about who is told that someone joins or leaves those who act for a provider."""

from datetime import timedelta

import pytest

from tests.kit.bot import ADMIN_ID, BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_assistant, add_provider
from tests.kit.handlers import outbox
from tests.kit.raw_database import run_sql

pytestmark = pytest.mark.usually("sqlite")

ASSISTANT = ("An assistant of a provider", "Dora")
HANDOVER = ("Move a provider to another account", "Dora")
ADMIN = ("Another admin",)


@pytest.fixture
async def dora(bot: BotHarness) -> ChatUser:
    """Return a provider."""
    return await add_provider(bot)


@pytest.fixture
def rita(bot: BotHarness) -> ChatUser:
    """Return a person who is about to open an invitation."""
    return bot.joins("Rita <3")


async def invites(admin: ChatUser, *labels: str) -> str:
    """Tap through /invite; return the link."""
    await admin.sends("/invite")
    for label in labels:
        await admin.taps(label)
    return admin.link("?start=join_")


def told(bot: BotHarness) -> list[int]:
    """Return the chats with a notification of someone who joined."""
    return [chat for chat, kind in outbox(bot, "chat_id, kind") if kind == "joined"]


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (("A provider",), "Rita <3 is a provider now."),
        (ASSISTANT, "Rita <3 now assists Dora."),
        (HANDOVER, "Rita <3 has taken over Dora."),
        (ADMIN, "Rita <3 is an admin now."),
    ],
    ids=lambda labels: labels[0],
)
async def test_the_inviter_learns_once_who_joined(
    bot: BotHarness,
    admin: ChatUser,
    dora: ChatUser,
    rita: ChatUser,
    labels: tuple[str, ...],
    text: str,
) -> None:
    link = await invites(admin, *labels)
    await rita.opens(link)
    if labels == HANDOVER:
        await bot.settles()
        assert told(bot) == []
        await rita.taps("Yes, that's me")
    await rita.opens(link)
    await bot.settles()

    assert [message.text for message in admin.shown].count(text) == 1
    assert not rita.sees(text)


async def test_everyone_who_works_for_the_provider_learns_of_a_new_assistant(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, rita: ChatUser
) -> None:
    bob, eve = bot.joins("Bob"), bot.joins("Eve")
    await bob.sends("/start")
    await eve.sends("/start")
    await add_assistant(dora, bob)
    # The switch is about bookings: that someone else sees her clients, she learns all the same.
    await dora.sends("/settings")
    await dora.taps("🔔 Notifications: on")
    await rita.opens(await invites(admin, *ASSISTANT))
    await bot.settles()

    assert sorted(told(bot)) == sorted([admin.id, dora.id, bob.id])
    for person in (dora, bob):
        assert person.last.text == "Rita <3 now assists Dora."


async def test_an_inviter_who_works_for_the_provider_is_told_once(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, rita: ChatUser
) -> None:
    await admin.sends("/start")
    await add_assistant(dora, admin)
    await rita.opens(await invites(admin, *ASSISTANT))
    await bot.settles()

    assert sorted(told(bot)) == sorted([admin.id, dora.id])


async def test_an_admin_who_opens_their_own_link_is_not_told(
    bot: BotHarness, admin: ChatUser, dora: ChatUser
) -> None:
    await admin.opens(await invites(admin, *ASSISTANT))
    await bot.settles()

    assert told(bot) == [dora.id]
    dora.last.shows("Ada now assists Dora.")


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (("Einen Anbieter",), "Rita <3 ist jetzt Anbieter."),
        (("Assistenz eines Anbieters", "Dora"), "Rita <3 ist jetzt Assistenz von Dora."),
        (("Weiteren Admin",), "Rita <3 ist jetzt Admin."),
    ],
    ids=lambda labels: labels[0],
)
async def test_the_inviter_reads_it_in_german(
    bot: BotHarness, dora: ChatUser, rita: ChatUser, labels: tuple[str, ...], text: str
) -> None:
    admin = bot.joins("Ada", id=ADMIN_ID, language_code="de")
    await rita.opens(await invites(admin, *labels))
    await bot.settles()

    assert admin.last.text == text


@pytest.mark.parametrize(
    ("labels", "undo"),
    [
        (ASSISTANT, "DELETE FROM acts_for WHERE role = 'assistant'"),
        (ADMIN, "UPDATE person SET admin_since = NULL"),
    ],
    ids=["assistant", "admin"],
)
async def test_no_one_is_told_of_a_person_who_has_left_again(
    bot: BotHarness,
    admin: ChatUser,
    dora: ChatUser,
    rita: ChatUser,
    labels: tuple[str, ...],
    undo: str,
) -> None:
    link = await invites(admin, *labels)
    for person in (admin, dora):
        person.person.blocks()
        await bot.settles()
    await rita.opens(link)
    await bot.settles()
    run_sql(bot.app.database.url, undo)
    for person in (admin, dora):
        person.person.unblocks()
        await bot.settles()

    assert not any(person.sees("Rita") for person in (admin, dora))


async def test_a_colleague_who_has_left_is_not_told_who_joined(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, rita: ChatUser
) -> None:
    bob = bot.joins("Bob")
    await bob.sends("/start")
    await add_assistant(dora, bob)
    bob.person.blocks()
    await bot.settles()
    await rita.opens(await invites(admin, *ASSISTANT))
    await bot.settles()
    number = await bob.number()
    run_sql(bot.app.database.url, f"DELETE FROM acts_for WHERE person_id = {number}")
    bob.person.unblocks()
    await bot.settles()

    assert bob.id in told(bot)
    assert not bob.sees("Rita")
    dora.last.shows("Rita <3 now assists Dora.")


async def test_assistants_learn_which_account_took_over(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, rita: ChatUser
) -> None:
    bob = bot.joins("Bob")
    await bob.sends("/start")
    await add_assistant(dora, bob)
    await rita.opens(await invites(admin, *HANDOVER))
    await rita.taps("Yes, that's me")
    await bot.settles()

    assert bob.last.text == "Rita <3 has taken over Dora."


@pytest.mark.parametrize("labels", [ASSISTANT, HANDOVER], ids=["assistant", "new account"])
async def test_those_who_came_after_a_booking_learn_that_it_is_cancelled(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, rita: ChatUser, labels: tuple[str, ...]
) -> None:
    alice = bot.joins("Alice")
    await alice.books("09:15")
    bot.now += timedelta(minutes=1)
    await rita.opens(await invites(admin, *labels))
    if labels == HANDOVER:
        await rita.taps("Yes, that's me")
    await alice.taps("Cancel booking")
    await alice.taps("Yes, cancel")
    await bot.settles()

    assert rita.sees("Alice cancelled")
