"""Edits: only the first new text of the newest line is answered, and no other edit."""

from collections.abc import Callable

import pytest

from simulator.state.people import Person
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.raw_database import rows

pytestmark = pytest.mark.plain_wire

ANSWER = "I can't see edits"
BOLD = [{"type": "bold", "offset": 0, "length": 2}]


def answers(client: ChatUser) -> int:
    return sum(ANSWER in message.text for message in client.shown)


def newest_line(client: ChatUser) -> int:
    return next(
        message.id for message in client.person.chat.newest_first() if message.sender == "person"
    )


async def edited(client: ChatUser, text: str, number: int | None = None) -> None:
    client.person.edits(number or newest_line(client), text)
    await client.bot.settles()


async def test_the_first_change_of_the_newest_line_is_answered_and_no_other(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.sends("25 Nov")
    line = newest_line(alice)
    for text in ("25 Nov 9:00", "25 Nov 9:15", "25 Nov"):
        await edited(alice, text, line)

    assert answers(alice) == 1
    assert not alice.sees("Held for you")


async def test_a_line_sent_after_an_answer_is_answered_too(alice: ChatUser) -> None:
    for text in ("hello there", "hello again"):
        await alice.sends(text)
        await edited(alice, f"{text}!")

    assert answers(alice) == 2


async def test_an_edit_of_an_older_line_is_not_answered(alice: ChatUser) -> None:
    await alice.sends("one")
    older = newest_line(alice)
    await alice.sends("two")
    await edited(alice, "won", older)

    assert answers(alice) == 0


async def test_a_picture_sent_later_makes_a_line_an_older_one(
    bot: BotHarness, alice: ChatUser
) -> None:
    await alice.sends("one")
    older = newest_line(alice)
    alice.person.sends_photo()
    await bot.settles()
    await edited(alice, "won", older)

    assert answers(alice) == 0


async def test_a_later_service_message_does_not(bot: BotHarness, alice: ChatUser) -> None:
    await alice.sends("one")
    line = newest_line(alice)
    alice.person.pins(alice.last.message)
    await bot.settles()
    await edited(alice, "two", line)

    assert answers(alice) == 1


def moves(person: Person) -> None:
    shared = person.sends_location(52.5, 13.4, live_period=900)["message"]["message_id"]
    for step in range(4):
        person.moves(shared, 52.5 + step, 13.4)
    person.stops_sharing(shared)


def changes_a_caption(person: Person) -> None:
    photo = person.sends_photo(caption="mine")["message"]["message_id"]
    person.edits(photo, "ours")


def changes_the_formatting(person: Person) -> None:
    line = person.sends("25 Nov")["message"]["message_id"]
    person.edits(line, "25 Nov", entities=BOLD)
    person.hides_preview(line)


SILENT = [moves, changes_a_caption, changes_the_formatting]


@pytest.mark.parametrize("act", SILENT)
async def test_other_edits_get_no_answer_and_end_no_dialogue(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser, act: Callable[[Person], None]
) -> None:
    await alice.sends("/book")
    before = rows(bot.app.database.url, "SELECT flow, state, data FROM dialogue")
    act(alice.person)
    updates = bot.simulator.take_updates()
    await bot.processes(updates[:1])
    stood, said = (
        rows(bot.app.database.url, "SELECT flow, state, data FROM dialogue"),
        len(alice.shown),
    )
    await bot.processes(updates[1:])
    await bot.settles()

    assert len(updates) > 1
    assert rows(bot.app.database.url, "SELECT flow, state, data FROM dialogue") == stood
    assert before[0][0] == stood[0][0] == "booking"
    assert len(alice.shown) == said
    await alice.sends("25 Nov 9:00")
    alice.last.shows("Held for you")


async def test_an_edit_of_an_unknown_line_is_not_answered(bot: BotHarness, alice: ChatUser) -> None:
    alice.person.sends("hello there")
    bot.simulator.take_updates()
    await edited(alice, "something else")

    assert answers(alice) == 0


async def test_answered_edits_are_known_after_a_restart(bot: BotHarness, alice: ChatUser) -> None:
    await alice.sends("hello there")
    line = newest_line(alice)
    await edited(alice, "hello again", line)
    await bot.restarts()
    await edited(alice, "hello once more", line)
    assert answers(alice) == 1

    await alice.sends("a new line")
    await bot.restarts()
    await edited(alice, "a newer line")
    assert answers(alice) == 2


async def test_a_repeated_edit_is_not_answered_again(bot: BotHarness, alice: ChatUser) -> None:
    await alice.sends("hello there")
    update = alice.person.edits(newest_line(alice), "hello again")
    await bot.settles()
    bot.simulator.redeliver(update["update_id"])
    await bot.settles()

    assert answers(alice) == 1


async def test_a_hold_is_not_touched_by_edits(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.holds("09:00")
    moves(alice.person)
    await edited(
        alice,
        "/cancel",
        next(message.id for message in alice.person.chat.messages if message.text == "/book"),
    )
    await alice.taps("Confirm")

    assert alice.sees("✅ Booked")


async def test_lines_of_two_people_are_kept_apart(alice: ChatUser, bob: ChatUser) -> None:
    await alice.sends("hello there")
    await bob.sends("hello there")
    await edited(alice, "hello again")
    await edited(bob, "hello again")

    assert (answers(alice), answers(bob)) == (1, 1)


async def test_an_edit_to_an_invisible_text_is_an_edit(
    alice: ChatUser,
) -> None:
    await alice.sends("hello there")
    await edited(alice, "\u200b")

    assert answers(alice) == 1
