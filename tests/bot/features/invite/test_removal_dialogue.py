"""Chats about removing an assistant: the choice, the question, and what the removed one sees."""

import pytest

from tests.kit import clinic
from tests.kit.bot import ADMIN_ID, BotHarness
from tests.kit.chat import ChatUser
from tests.kit.practice import add_absent_provider, add_assistant, provider_of
from tests.kit.raw_database import rows

pytestmark = pytest.mark.usually("sqlite")

REMOVE = "Remove an assistant"
WORK = {"hours", "agenda", "link"}


@pytest.fixture
async def dora(bot: BotHarness) -> ChatUser:
    """Return a provider who works from nine to twelve on Wednesday 25 November."""
    return await clinic.add_provider(bot)


@pytest.fixture
async def rita(bot: BotHarness, dora: ChatUser) -> ChatUser:
    """Return Dora's assistant."""
    rita = bot.joins("Rita")
    await add_assistant(bot, rita, await provider_of(bot, dora))
    await rita.sends("/start")
    return rita


def menu(user: ChatUser) -> set[str]:
    return {command["command"] for command in user.bot.simulator.commands_for(user.person)}


def assistants(bot: BotHarness) -> list[tuple[str, str]]:
    """Return each assistant with their provider."""
    return rows(
        bot.app.database.url,
        "SELECT person.name, provider.name FROM acts_for JOIN person ON person.id = person_id"
        " JOIN provider ON provider.id = provider_id WHERE role = 'assistant' ORDER BY 1, 2",
    )


async def removes(bot: BotHarness, admin: ChatUser, row: str) -> None:
    """Remove the assistant of a row."""
    await admin.sends("/invite")
    await admin.taps(REMOVE)
    await admin.taps(row)
    await admin.taps("Remove")
    await bot.settles()


async def test_removing_is_offered_only_if_there_is_an_assistant(
    bot: BotHarness, admin: ChatUser, dora: ChatUser
) -> None:
    await admin.sends("/invite")
    assert REMOVE not in admin.buttons

    await add_assistant(bot, bot.joins("Rita"), await provider_of(bot, dora))
    await admin.sends("/invite")
    assert admin.buttons[-1] == REMOVE


async def test_a_removed_assistant_loses_everything_at_once_and_is_told(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, rita: ChatUser, alice: ChatUser
) -> None:
    await rita.sends("/hours")
    card = rita.card
    assert menu(rita) >= WORK
    await admin.sends("/invite")
    await admin.taps(REMOVE)
    assert str(admin.card) == ("Which assistant do you want to remove?\n\n[Rita – Dora]\n[Back]")
    await admin.taps("Rita – Dora")
    assert admin.card.text == (
        "Remove Rita as an assistant of Dora?\n"
        "They'll no longer be able to manage Dora's hours and appointments."
    )
    assert assistants(bot) == [("Rita", "Dora")]
    await admin.taps("Remove")
    admin.card.shows("✅ Rita no longer assists Dora.")
    assert admin.buttons == ["Invite their assistant", "Back"]
    await bot.settles()

    assert assistants(bot) == []
    rita.last.shows("You no longer assist Dora")
    assert rita.last.labels == ["Book a time", "My bookings"]
    assert not menu(rita) & WORK
    dora.last.shows("Rita no longer assists Dora.")
    seen = len(rita.shown)
    await alice.books("09:15")
    assert len(rita.shown) == seen
    await rita.taps("Wed 25 Nov · 09:00–12:00", message=card)
    assert "Only providers can do that" in rita.toast


async def test_a_removed_assistant_reads_in_german_about_whose_bookings_no_more_is_said(
    bot: BotHarness, admin: ChatUser, dora: ChatUser
) -> None:
    jan = bot.joins("Jan", language_code="de")
    await add_assistant(bot, jan, await provider_of(bot, dora))
    await add_assistant(bot, jan, await add_absent_provider(bot, "Emil"))
    await jan.sends("/start")
    await removes(bot, admin, "Jan – Dora")

    jan.last.shows(
        "Du bist nicht mehr Assistenz von Dora und bekommst keine Nachrichten mehr über Buchungen "
        "bei Dora."
    )


async def test_back_from_the_question_removes_no_one(
    bot: BotHarness, admin: ChatUser, rita: ChatUser
) -> None:
    await admin.sends("/invite")
    await admin.taps(REMOVE)
    await admin.taps("Rita – Dora")
    await admin.taps("Back")
    admin.card.shows("Which assistant do you want to remove?")
    await admin.taps("Back")
    admin.card.shows("Who do you want to add?")

    assert assistants(bot) == [("Rita", "Dora")]


async def test_an_assistant_of_two_keeps_the_other_provider_and_the_menu(
    bot: BotHarness, admin: ChatUser, rita: ChatUser
) -> None:
    await add_assistant(bot, rita, await add_absent_provider(bot, "Emil"))
    await admin.sends("/invite")
    await admin.taps(REMOVE)
    assert admin.buttons == ["Rita – Dora", "Rita – Emil", "Back"]
    await removes(bot, admin, "Rita – Dora")

    assert assistants(bot) == [("Rita", "Emil")]
    rita.last.shows("You no longer assist Dora")
    assert rita.last.labels == ["Hours", "Agenda"]
    assert menu(rita) >= WORK
    await rita.sends("/hours")
    rita.card.shows("👤 Emil")


async def test_an_assistant_who_is_an_admin_keeps_inviting(
    bot: BotHarness, admin: ChatUser, rita: ChatUser
) -> None:
    await admin.sends("/invite")
    await admin.taps("Another admin")
    await rita.opens(admin.link("?start=join_"))
    await removes(bot, admin, "Rita – Dora")

    assert "invite" in menu(rita)
    assert not menu(rita) & WORK
    assert rita.last.labels == ["Invite someone", "Book a time", "My bookings"]


async def test_the_used_invitation_of_a_removed_assistant_gives_nothing_back(
    bot: BotHarness, admin: ChatUser, dora: ChatUser
) -> None:
    cara = bot.joins("Cara")
    await admin.sends("/invite")
    await admin.taps("An assistant of a provider")
    await admin.taps("Dora")
    link = admin.link("?start=join_")
    await cara.opens(link)
    await removes(bot, admin, "Cara – Dora")
    await cara.opens(link)

    cara.last.shows("This invitation has already been used.")
    assert assistants(bot) == []


async def test_the_question_says_if_nobody_can_book_the_provider_then(
    bot: BotHarness, admin: ChatUser, alice: ChatUser
) -> None:
    rita = bot.joins("Rita")
    await add_assistant(bot, rita, await add_absent_provider(bot, "Emil", days=(25,)))
    await alice.books("09:15")
    await admin.sends("/invite")
    await admin.taps(REMOVE)
    await admin.taps("Rita – Emil")
    admin.card.shows("⚠️ Then nobody can book Emil", "Existing appointments stay.")
    await admin.taps("Remove")
    assert assistants(bot) == []

    await alice.sends("/start book_emil")
    alice.last.shows("I can't reach this provider at the moment")
    assert len(await alice.reservations()) == 1
    cara = bot.joins("Cara")
    await admin.taps("Invite their assistant")
    await cara.opens(admin.link("?start=join_"))
    await alice.sends("/start book_emil")
    alice.card.shows("Emil")


async def test_a_provider_who_left_after_the_question_is_asked_about_again(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, rita: ChatUser
) -> None:
    await admin.sends("/invite")
    await admin.taps(REMOVE)
    await admin.taps("Rita – Dora")
    admin.card.hides("nobody can book")
    dora.person.blocks()
    await bot.settles()
    await admin.taps("Remove")
    admin.card.shows("⚠️ Then nobody can book Dora")
    assert assistants(bot) == [("Rita", "Dora")]

    await admin.taps("Remove")
    assert assistants(bot) == []


async def test_an_admin_who_removes_themselves_loses_the_menu_and_gets_no_message(
    bot: BotHarness, admin: ChatUser, rita: ChatUser
) -> None:
    await admin.sends("/invite")
    await admin.taps("A provider without Telegram")
    await admin.sends("Dr. Baker")
    await admin.sends("/start")
    assert menu(admin) >= WORK
    await admin.sends("/invite")
    await admin.taps(REMOVE)
    assert admin.buttons == ["Ada – Dr. Baker", "Rita – Dora", "Back"]
    await removes(bot, admin, "Ada – Dr. Baker")

    assert not menu(admin) & WORK
    assert "invite" in menu(admin)
    assert not admin.sees("You no longer assist")


async def test_a_second_tap_says_that_the_assistant_is_gone(
    bot: BotHarness, admin: ChatUser, rita: ChatUser
) -> None:
    await admin.sends("/invite")
    await admin.taps(REMOVE)
    await admin.taps("Rita – Dora")
    question = str(admin.card.buttons[0].data)
    await admin.taps("Remove")
    await admin.taps_data(question, admin.card.id)
    assert "doesn't assist this provider any more" in admin.toast
    await bot.settles()

    assert [message.text for message in rita.shown].count(rita.last.text) == 1


@pytest.mark.parametrize("data", ["iq:1:1", "id:1:1:1", "id:zzz:1:1", "iq:1:zzz"])
async def test_the_provider_themselves_and_strangers_cannot_be_removed(
    bot: BotHarness, admin: ChatUser, dora: ChatUser, data: str
) -> None:
    assert await dora.number() == 1
    await admin.sends("/invite")
    await admin.taps_data(data, admin.card.id)

    assert "doesn't assist this provider" in admin.toast
    assert (await provider_of(bot, dora)).id == 1


async def test_an_assistant_who_blocked_the_bot_is_told_when_they_return(
    bot: BotHarness, admin: ChatUser, rita: ChatUser
) -> None:
    rita.person.blocks()
    await bot.settles()
    await removes(bot, admin, "Rita – Dora")
    assert not rita.sees("You no longer assist")
    rita.person.unblocks()
    await bot.settles()

    rita.last.shows("You no longer assist Dora")
    assert not menu(rita) & WORK


async def test_an_assistant_who_was_invited_again_before_they_returned_is_told_nothing(
    bot: BotHarness, admin: ChatUser, rita: ChatUser
) -> None:
    rita.person.blocks()
    await bot.settles()
    await removes(bot, admin, "Rita – Dora")
    await admin.taps("Invite their assistant")
    rita.person.unblocks()
    await rita.opens(admin.link("?start=join_"))
    await bot.settles()

    assert not rita.sees("You no longer assist")
    assert menu(rita) >= WORK


async def test_the_assistants_are_paged(bot: BotHarness, admin: ChatUser, dora: ChatUser) -> None:
    provider = await provider_of(bot, dora)
    for number in range(10):
        await add_assistant(bot, bot.joins(f"Person {number}"), provider)
    await admin.sends("/invite")
    await admin.taps(REMOVE)
    assert admin.buttons == [*(f"Person {n} – Dora" for n in range(8)), "1/2", "›", "Back"]
    await admin.taps("›")
    assert admin.buttons == ["Person 8 – Dora", "Person 9 – Dora", "‹", "2/2", "Back"]
    await admin.taps_data("ix:zzzzz", admin.card.id)
    assert "2/2" in admin.buttons


async def test_removing_in_german(bot: BotHarness, dora: ChatUser) -> None:
    admin = bot.joins("Ada", id=ADMIN_ID, language_code="de")
    jan = bot.joins("Jan", language_code="de")
    await jan.sends("/start")
    await clinic.add_assistant(dora, jan)
    await admin.sends("/invite")
    await admin.taps("Assistenz entfernen")
    await admin.taps("Jan – Dora")
    admin.card.shows("Jan als Assistenz von Dora entfernen?")
    await admin.taps("Entfernen")
    admin.card.shows("✅ Jan ist nicht mehr Assistenz von Dora.")
    await bot.settles()

    jan.last.shows("Du bist nicht mehr Assistenz von Dora")
