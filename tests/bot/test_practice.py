"""A week at a practice: a receptionist works for two providers, one of them without Telegram."""

from collections.abc import Awaitable, Callable

import pytest

from tests.kit.bot import ADMIN_ID, BotHarness
from tests.kit.chat import ChatUser

Pause = Callable[[], Awaitable[None]]
PROVIDERS_ONLY = (
    "Only providers can do that. To become one, ask the person who runs this bot for an invitation."
)


@pytest.mark.parametrize("pausing", ["without a break", "restarted in the middle of each step"])
async def test_a_week_at_a_practice(bot: BotHarness, pausing: str) -> None:
    async def pause() -> None:
        if pausing == "restarted in the middle of each step":
            await bot.restarts()

    await _the_admin_adds_everyone(bot, pause)
    await _the_receptionist_opens_hours_for_both(bot, pause)
    await _clients_book_and_the_right_people_learn_of_it(bot, pause)
    await _the_receptionist_sees_both_side_by_side(bot, pause)
    await _the_receptionist_cancels_with_a_reason(bot, pause)
    await _the_receptionist_undoes_and_removes_hours(bot, pause)
    await _the_provider_moves_to_another_account(bot, pause)


async def _the_admin_adds_everyone(bot: BotHarness, pause: Pause) -> None:
    admin, dora, rita = _admin(bot), bot.person_named("Dora"), bot.person_named("Rita")
    await admin.sends("/start")
    await admin.sends("/invite")
    assert admin.buttons == ["A provider", "A provider without Telegram", "Another admin"]
    await admin.taps("A provider")
    await pause()
    await dora.opens(admin.link("?start=join_"))
    await dora.taps("Keep Dora")
    await pause()
    await dora.taps("Keep Berlin")
    await admin.sends("/invite")
    await admin.taps("A provider without Telegram")
    await pause()
    await admin.sends("Emil")
    admin.card.shows("Emil is added")
    await admin.taps("Invite their assistant")
    await pause()
    await rita.opens(admin.link("?start=join_"))
    rita.last.shows("You're assisting Emil now.")
    await admin.sends("/invite")
    await admin.taps("An assistant of a provider")
    await pause()
    await admin.taps("Dora")
    await rita.opens(admin.link("?start=join_"))
    rita.last.shows("You're assisting Dora now.")
    assert _menu(bot, rita) >= {"hours", "agenda", "link"}


async def _the_receptionist_opens_hours_for_both(bot: BotHarness, pause: Pause) -> None:
    rita = bot.person_named("Rita")
    await rita.sends("Emil Wed-Fri 9-12")
    assert rita.card.text.startswith("👤 Emil\n\nPreview\nWed 25 Nov: 09:00–12:00")
    await pause()
    await rita.taps("Publish")
    rita.card.shows("👤 Emil", "Published")
    await rita.sends("/hours")
    await rita.sends("Thu 26 Nov 10-12")
    assert str(rita.card) == "Whose hours?\n\n[Dora]\n[Emil]"
    await pause()
    await rita.taps("Dora")
    rita.card.shows("👤 Dora", "Thu 26 Nov: 10:00–12:00")
    await rita.taps("Publish")
    await rita.sends("/hours")
    await rita.taps("Dora")
    await rita.taps("Choose days")
    await rita.taps("27")
    await pause()
    await rita.taps("Next ›")
    rita.card.shows("👤 Dora")
    await rita.taps("14:00")
    await rita.taps("16:00")
    await pause()
    await rita.taps("Publish")
    rita.card.shows("👤 Dora", "Fri 27 Nov: 14:00–16:00")


async def _clients_book_and_the_right_people_learn_of_it(bot: BotHarness, pause: Pause) -> None:
    admin, dora, rita = _admin(bot), bot.person_named("Dora"), bot.person_named("Rita")
    alice, bob = bot.person_named("Alice"), bot.person_named("Bob")
    known_to_dora = len(dora.shown)
    await alice.books("09:00", day="26", provider="Emil")
    await pause()
    for member in (rita, admin):
        assert member.last.text == (
            "📅 New booking from Alice:\nThursday, 26 November 2026, 09:00–09:15\nWith: Emil"
        )
    assert len(dora.shown) == known_to_dora
    known_to_admin = len(admin.shown)
    await bob.books("10:00", day="26", provider="Dora")
    await pause()
    rita.last.shows("New booking from Bob", "With: Dora")
    assert dora.last.text == ("📅 New booking from Bob:\nThursday, 26 November 2026, 10:00–10:15")
    assert len(admin.shown) == known_to_admin
    await rita.taps("Open that day")
    rita.last.shows("👤 Dora", "10:00–10:15  Bob")
    rita.last.hides("Alice")


async def _the_receptionist_sees_both_side_by_side(bot: BotHarness, pause: Pause) -> None:
    rita = bot.person_named("Rita")
    await rita.sends("/agenda 26 Nov")
    both = "2 appointments\n\n09:00–09:15  Alice · Emil\n10:00–10:15  Bob · Dora"
    rita.card.shows(both)
    assert rita.buttons[:5] == ["09:00 Alice", "10:00 Bob", "Dora", "Emil", "✅ All"]
    await pause()
    await rita.taps("Emil")
    assert rita.card.text == (
        "👤 Emil\n\n🗓 Thursday, 26 November 2026\n1 appointment\n\n09:00–09:15  Alice"
    )
    await rita.taps("All")
    rita.card.shows(both)
    rita.card.hides("👤")
    await pause()
    await rita.sends("Emil tomorrow")
    rita.card.shows("👤 Emil", "Tuesday, 24 November 2026")
    await pause()
    await rita.sends("Thursday")
    rita.card.shows("👤 Emil", "Thursday, 26 November 2026", "09:00–09:15  Alice")
    await rita.sends("Dora 26 Nov")
    rita.card.shows("👤 Dora", "10:00–10:15  Bob")


async def _the_receptionist_cancels_with_a_reason(bot: BotHarness, pause: Pause) -> None:
    admin, dora, rita = _admin(bot), bot.person_named("Dora"), bot.person_named("Rita")
    bob, known_to_admin = bot.person_named("Bob"), len(_admin(bot).shown)
    await rita.taps("All")
    await rita.taps("10:00 Bob")
    await rita.taps("Cancel booking")
    rita.card.shows("👤 Dora", "Cancel this appointment?")
    await pause()
    await rita.sends("Dora is ill")
    await pause()
    messages = len(rita.shown)
    await rita.taps("Cancel and send note")
    rita.card.shows("Cancelled. Bob has been notified.", "09:00–09:15  Alice · Emil")
    assert len(rita.shown) == messages
    assert bob.last.text == (
        "❌ Dora cancelled your appointment:\nThursday, 26 November 2026, 10:00–10:15\n\n"
        "Note: Dora is ill"
    )
    assert dora.last.text == (
        "❌ Rita cancelled the appointment of Bob:\nThursday, 26 November 2026, 10:00–10:15\n"
        "Note: Dora is ill"
    )
    assert len(admin.shown) == known_to_admin


async def _the_receptionist_undoes_and_removes_hours(bot: BotHarness, pause: Pause) -> None:
    admin, alice, rita = _admin(bot), bot.person_named("Alice"), bot.person_named("Rita")
    await rita.sends("/hours Dora Sat 28 Nov 9-12")
    await rita.taps("Publish")
    await pause()
    await rita.taps("Undo")
    rita.card.shows("👤 Dora", "Undone")
    await rita.sends("/hours Emil")
    await rita.taps("Thu 26 Nov · 09:00–12:00")
    await rita.taps("Remove whole day")
    await rita.taps("🗑 Remove")
    rita.card.shows("👤 Emil", "• Alice: Thu 26 Nov, 09:00")
    await pause()
    await rita.taps("Cancel it")
    rita.card.shows("👤 Emil", "1 booking cancelled", "Open on 2 days")
    alice.last.shows("Emil cancelled your appointment")
    admin.last.shows("Rita cancelled the appointment of Alice", "With: Emil")
    await rita.taps("Someone else's hours")
    await rita.taps("Dora")
    assert [label for label in rita.buttons if "·" in label] == [
        "Thu 26 Nov · 10:00–12:00",
        "Fri 27 Nov · 14:00–16:00",
    ]


async def _the_provider_moves_to_another_account(bot: BotHarness, pause: Pause) -> None:
    admin, bob, dora = _admin(bot), bot.person_named("Bob"), bot.person_named("Dora")
    rita, phone = bot.person_named("Rita"), bot.person_named("Dora's new phone")
    await bob.books("14:00", day="27", provider="Dora")
    await dora.sends("/agenda Fri")
    old = dora.card
    await admin.sends("/invite")
    await admin.taps("Move a provider to another account")
    await admin.taps("Dora")
    await pause()
    await phone.opens(admin.link("?start=join_"))
    await pause()
    await phone.taps("Yes, that's me")
    phone.last.shows("You're all set, Dora.")
    await dora.taps("14:00 Bob", message=old)
    assert dora.person.toasts[-1][1], "an alert"
    dora.card.hides("Cancel booking")
    await dora.sends("/hours")
    assert dora.last.text == f"⚠️ {PROVIDERS_ONLY}"
    assert not _menu(bot, dora) & {"hours", "agenda", "link"}
    await phone.sends("/agenda Fri")
    phone.card.shows("14:00–14:15  Bob")
    assert _menu(bot, phone) >= {"hours", "agenda", "link"}
    shown_to_dora = len(dora.shown)
    await bob.taps("Cancel booking")
    await bob.taps("Yes, cancel")
    rita.last.shows("Bob cancelled", "With: Dora")
    assert len(dora.shown) == shown_to_dora
    await bob.books("14:15", day="27", provider="Dora")
    phone.last.shows("New booking from Bob")
    phone.last.hides("With: Dora")
    assert len(dora.shown) == shown_to_dora


def _admin(bot: BotHarness) -> ChatUser:
    """Return the first admin."""
    return bot.person_named("Ada", id=ADMIN_ID)


def _menu(bot: BotHarness, user: ChatUser) -> set[str]:
    """Return the commands in a person's menu."""
    return {command["command"] for command in bot.simulator.commands_for(user.person)}
