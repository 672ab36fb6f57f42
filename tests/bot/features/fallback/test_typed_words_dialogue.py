"""Chats in which a client types what can mean only one thing, instead of tapping a button."""

import pytest

from domain.reservation import Status
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider


@pytest.fixture
def client(bot: BotHarness, open_hours: ChatUser, language: str) -> ChatUser:
    """Return a client who uses this language."""
    return bot.joins("Greta", language_code=language)


async def holds(client: ChatUser, *times: str) -> None:
    for time in times:
        await client.sends("/book")
        await client.sends(f"25.11. {time}")


async def statuses(client: ChatUser) -> list[Status]:
    return [reservation.status for reservation in await client.reservations()]


@pytest.mark.parametrize(
    ("language", "word", "answer"),
    [("en", "Confirm!", "✅ Booked"), ("de", "bestätigen", "✅ Gebucht")],
)
async def test_typing_confirm_confirms_the_only_hold(
    client: ChatUser, open_hours: ChatUser, word: str, answer: str
) -> None:
    await holds(client, "9:15")
    await client.sends(word)

    assert client.card.text.startswith(answer)
    assert await statuses(client) == [Status.CONFIRMED]
    assert [message for message in client.shown if message.rows] == [client.card]
    open_hours.last.shows("New booking from Greta")


@pytest.mark.parametrize(
    ("language", "word", "button"),
    [("en", "yes", "✅ Confirm"), ("en", "OK", "✅ Confirm"), ("de", "Ja!", "✅ Bestätigen")],
)
async def test_typing_yes_shows_the_card_of_the_only_hold_and_confirms_nothing(
    client: ChatUser, word: str, button: str
) -> None:
    await holds(client, "9:15")
    before = client.last
    await client.sends(word)

    assert client.last.id > before.id
    assert client.last.text == before.text
    assert client.last.labels[0] == button
    assert await statuses(client) == [Status.HELD]
    await client.taps(button)
    assert await statuses(client) == [Status.CONFIRMED]


@pytest.mark.parametrize(("language", "word"), [("en", "confirm"), ("en", "yes"), ("de", "ja")])
async def test_with_several_holds_the_list_is_shown(client: ChatUser, word: str) -> None:
    await holds(client, "9:15", "10:00")
    await client.sends(word)

    assert [label[:1] for label in client.last.labels] == ["⏳", "⏳"]
    assert await statuses(client) == [Status.HELD, Status.HELD]


@pytest.mark.parametrize(
    ("language", "word", "question", "yes", "confirm"),
    [
        ("en", "Cancel my appointment", "Cancel ", "Yes, cancel", "confirm"),
        ("de", "Termin absagen.", "absagen?", "Ja, Termin absagen", "bestätigen"),
    ],
)
async def test_asking_to_cancel_asks_about_the_only_booking(
    client: ChatUser, word: str, question: str, yes: str, confirm: str
) -> None:
    await holds(client, "9:15")
    await client.sends(confirm)
    await client.sends(word)

    client.last.shows(question, "09:15")
    assert await statuses(client) == [Status.CONFIRMED]
    await client.taps(yes)
    assert await statuses(client) == []


@pytest.mark.parametrize(
    ("language", "word"), [("en", "cancel my booking"), ("de", "Termin absagen")]
)
async def test_asking_to_cancel_one_of_several_shows_the_list(client: ChatUser, word: str) -> None:
    await holds(client, "9:15", "10:00")
    await client.sends(word)

    assert len(client.last.labels) == 2
    assert len(await statuses(client)) == 2


@pytest.mark.parametrize(
    ("language", "word", "answer"),
    [
        ("en", "cancel my appointment", "No upcoming bookings."),
        ("de", "bestätigen", "Du hast keine anstehenden Termine."),
        ("en", "yes", "Sorry, I didn't get that."),
        ("en", "Thanks!", "You're welcome!"),
        ("de", "Vielen Dank", "Gern geschehen!"),
    ],
)
async def test_words_without_a_hold_or_booking_are_answered(
    client: ChatUser, word: str, answer: str
) -> None:
    await client.sends(word)

    client.last.shows(answer)


@pytest.mark.parametrize("language", ["en"])
async def test_typing_confirm_keeps_an_open_agenda_on_the_screen(
    client: ChatUser, open_hours: ChatUser, bot: BotHarness
) -> None:
    await add_provider(bot, "Emil")
    await open_hours.holds("09:15")
    await open_hours.sends("/agenda")
    agenda = open_hours.last
    await open_hours.sends("confirm")

    assert open_hours.card.text.startswith("✅ Booked")
    assert agenda.id in [message.id for message in open_hours.shown]
