"""Chats in which one line names the provider, the day and the time."""

import pytest

from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.practice import add_absent_provider

HELD = "Dora\nWednesday, 25 November 2026, 09:15–09:30"
LINES = ["dora wed 9:15", "DORA 25 Nov 9.15", "wednesday 9:15 Dora", "do 25.11. 9:15"]


@pytest.fixture
async def emil(bot: BotHarness, open_hours: ChatUser) -> ChatUser:
    """Return a second provider, so that clients have to choose one."""
    return await add_provider(bot, "Emil Nolde")


@pytest.mark.parametrize("line", LINES)
async def test_provider_and_time_are_read_behind_the_command(
    alice: ChatUser, emil: ChatUser, line: str
) -> None:
    await alice.sends(f"/book {line}")
    assert HELD in alice.card.text


@pytest.mark.parametrize("line", LINES)
async def test_provider_and_time_are_read_where_a_name_is_asked_for(
    alice: ChatUser, emil: ChatUser, line: str
) -> None:
    await alice.sends("/book")
    await alice.sends(line)
    assert HELD in alice.card.text


async def test_a_name_behind_the_command_opens_the_calendar(
    alice: ChatUser, emil: ChatUser
) -> None:
    await alice.sends("/book emil nolde")
    assert alice.card.text.startswith("Emil Nolde")
    assert "⚡ Wed 25 Nov, 09:00" in alice.buttons


async def test_a_name_with_a_day_or_a_time_asks_for_the_rest(
    alice: ChatUser, emil: ChatUser
) -> None:
    await alice.sends("/book dora 25 Nov")
    assert alice.card.text.startswith("Dora\nWednesday, 25 November 2026")
    await alice.sends("/book dora 9:15")
    assert alice.buttons == ["Wed 25 Nov, 09:15", "Back"]
    await alice.sends("wednesday")
    assert HELD in alice.card.text


async def test_a_day_and_a_time_are_kept_until_a_provider_is_chosen(
    bot: BotHarness, emil: ChatUser
) -> None:
    greta = bot.joins("Greta", language_code="de")
    await greta.sends("/book Mittwoch 9:15")
    assert greta.card.text.startswith("Wunschtermin: Mittwoch, 25. November 2026, 09:15")
    assert greta.buttons == ["Dora", "Emil Nolde"]
    await bot.restarts()
    await greta.taps("Dora")
    greta.card.shows("Dora\nMittwoch, 25. November 2026, 09:15–09:30")


async def test_a_day_typed_where_a_name_is_asked_for_is_kept(
    alice: ChatUser, emil: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.sends("25 Nov")
    assert alice.card.text.startswith("Your time: Wednesday, 25 November 2026\n")
    await alice.sends("9:15")
    assert alice.card.text.startswith("Your time: Wednesday, 25 November 2026, 09:15")
    await alice.sends("dora")
    assert HELD in alice.card.text


async def test_a_time_with_a_part_of_several_names_is_kept_for_the_choice(
    bot: BotHarness, alice: ChatUser, emil: ChatUser
) -> None:
    await add_provider(bot, "Emil Berg")
    await alice.sends("/book emil wed 9:15")
    assert alice.buttons == ["Emil Berg", "Emil Nolde"]
    await alice.taps("Emil Berg")
    alice.card.shows("Emil Berg\nWednesday, 25 November 2026, 09:15–09:30")


@pytest.mark.parametrize(
    ("line", "unread", "card"),
    [
        ("dora whenever you like", "whenever you like", "Dora\n"),
        ("doctor dora wed 9:15", "doctor dora", "Your time: Wednesday, 25 November 2026, 09:15"),
        ("drra wed 9:15", "drra", "Your time: Wednesday, 25 November 2026, 09:15"),
        ("as soon as possible", "as soon as possible", "Who would you like to see?"),
    ],
)
async def test_what_was_not_read_is_named_above_the_next_question(
    bot: BotHarness, alice: ChatUser, emil: ChatUser, line: str, unread: str, card: str
) -> None:
    await alice.sends(f"/book {line}")
    assert card in alice.card.text
    assert alice.card.text.startswith(f"I didn't get “{unread}”.")
    assert await alice.reservations() == []


async def test_with_one_provider_what_was_not_read_is_named_above_the_calendar(
    bot: BotHarness, open_hours: ChatUser
) -> None:
    greta = bot.joins("Greta", language_code="de")
    await greta.sends("/book möglichst bald")
    assert greta.card.text.startswith("„möglichst bald“ habe ich nicht verstanden.\n\nDora")
    await greta.sends("/book möglichst Mittwoch 9:15")
    assert greta.card.text.startswith("„möglichst“ habe ich nicht verstanden.\n\nDora\nMittwoch")
    assert await greta.reservations() == []
    await greta.sends("9:15")
    greta.card.shows("Mittwoch, 25. November 2026, 09:15–09:30")


async def test_a_line_that_names_no_provider_is_answered_with_another_try(
    alice: ChatUser, emil: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.sends("as soon as possible")
    alice.last.shows("“as soon as possible”")
    await alice.sends("Dora wed 9:15")
    assert HELD in alice.card.text


async def test_a_provider_is_found_by_another_spelling_beside_other_words(
    bot: BotHarness, alice: ChatUser, emil: ChatUser
) -> None:
    await add_provider(bot, "Jörg Müller")
    await alice.sends("/book joerg mueller wed 9:15")
    alice.card.shows("Jörg Müller\nWednesday, 25 November 2026, 09:15–09:30")
    await alice.sends("/book mueller someday")
    alice.card.shows("Jörg Müller", "someday")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("12/15/2026", "Tuesday, 15 December 2026"),
        ("31.2.2027", "That date doesn't exist."),
        ("1.1.2020", "Wednesday, 1 January 2020 has passed."),
    ],
)
async def test_a_date_is_not_read_as_a_name(
    alice: ChatUser, emil: ChatUser, line: str, answer: str
) -> None:
    await alice.sends(f"/book {line}")
    alice.last.shows(answer)
    alice.last.hides("No one called", "I didn't get")
    await alice.sends(line)
    alice.last.shows(answer)
    alice.last.hides("No one called", "I didn't get")


@pytest.mark.parametrize(
    ("language", "question", "july", "december"),
    [
        ("en", "Which day do you mean?", "Monday, 12 July 2027", "Monday, 7 December 2026"),
        ("de", "Welchen Tag meinst du?", "Montag, 12. Juli 2027", "Montag, 7. Dezember 2026"),
    ],
)
async def test_a_date_that_may_be_two_days_is_asked_about(
    bot: BotHarness, emil: ChatUser, language: str, question: str, july: str, december: str
) -> None:
    greta = bot.joins("Greta", language_code=language)
    await greta.sends("/book 12/7 9:15")
    await greta.taps("Dora")
    assert greta.card.text == question
    assert greta.buttons == [july, december]
    await greta.taps(july)
    greta.card.shows("Dora", july)


async def test_a_date_that_may_be_two_days_is_asked_about_before_a_hold_is_moved(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.holds("09:15")
    await alice.sends("12/7 9:15")
    assert alice.last.labels == ["Monday, 12 July 2027", "Monday, 7 December 2026"]


async def test_of_two_days_the_past_one_is_not_asked_about(
    alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book 12/1/2026")
    alice.card.shows("Tuesday, 1 December 2026")


@pytest.mark.parametrize("line", ["/book Emil", "/book Emil wednesday 9:15", "/book 9:15 Emil"])
async def test_a_named_provider_who_cannot_be_reached_is_said_to_be_so(
    bot: BotHarness, alice: ChatUser, line: str
) -> None:
    await add_provider(bot)
    await add_absent_provider(bot, "Emil", days=(25,))
    await alice.sends(line)
    alice.last.shows("I can't reach this provider at the moment")


async def test_a_name_typed_below_the_list_is_refused_if_no_one_can_be_reached(
    bot: BotHarness, alice: ChatUser
) -> None:
    for name in ("Dora", "Dana"):
        await add_provider(bot, name)
    await add_absent_provider(bot, "Emil", days=(25,))
    await alice.sends("/book")
    await alice.sends("emil")
    alice.last.shows("I can't reach this provider at the moment")
    await alice.sends("dora")
    alice.card.shows("Dora", "Pick a time or day")


async def test_a_time_at_which_no_slot_starts_is_not_called_taken(
    bot: BotHarness, alice: ChatUser, bob: ChatUser
) -> None:
    await add_provider(bot)
    await bob.books("09:00")
    await alice.sends("/book 25 Nov 9:05")
    alice.card.shows("No slot starts at 09:05. Here's what's free:")
    alice.card.hides("taken")
    assert "09:15" in alice.buttons
    await alice.sends("9:00")
    alice.card.shows("09:00 is taken.")


@pytest.mark.parametrize("picker", ["/book", "Change time", "a list of providers"])
async def test_words_work_while_a_time_or_provider_is_asked_for(
    bot: BotHarness, alice: ChatUser, picker: str
) -> None:
    await add_provider(bot)
    await alice.holds("09:15")
    if picker == "a list of providers":
        await add_provider(bot, "Dana")
    await (alice.taps(picker) if picker == "Change time" else alice.sends("/book"))
    await alice.sends("thanks")
    alice.last.shows("You're welcome!")
    await alice.sends("confirm")
    alice.last.shows("✅ Booked", "09:15")
    await alice.sends("/book")
    await alice.sends("cancel my appointment")
    alice.last.shows("Cancel this booking?", "09:15")


async def test_yes_while_nothing_is_held_is_not_understood_as_a_time(
    bot: BotHarness, alice: ChatUser
) -> None:
    await add_provider(bot)
    await alice.sends("/book")
    await alice.sends("yes")
    alice.last.shows("I didn't get “yes”")
