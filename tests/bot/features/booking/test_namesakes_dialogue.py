"""Chats with two providers of one name: labels with slugs, which can be typed back."""

from datetime import timedelta

import pytest

from domain.usecases.acting import own_provider
from domain.usecases.name_provider import name_provider
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider

FIRST, SECOND = "Anna Weber (anna-weber)", "Anna Weber (anna-weber-2)"


async def opens_as(bot: BotHarness, name: str) -> ChatUser:
    """Add a provider with hours and give them a name and its slug, as in a chat."""
    provider = await add_provider(bot, f"new-{len(bot.simulator.world.accounts)}")
    await renames(bot, provider, name, keep_slug=False)
    return provider


async def renames(
    bot: BotHarness, provider: ChatUser, name: str, *, keep_slug: bool = True
) -> None:
    """Give a provider a name, and its slug unless they keep theirs."""
    number = await provider.number()
    async with bot.app.database.transaction() as work:
        own = await own_provider(work, number)
        assert own is not None
        await name_provider(work, number, own.id, name, keep_slug=keep_slug)


@pytest.fixture
async def annas(bot: BotHarness) -> tuple[ChatUser, ChatUser]:
    """Return two providers of one name who work on Wednesday 25 November; there is a third."""
    await add_provider(bot)
    return await opens_as(bot, "Anna Weber"), await opens_as(bot, "Anna Weber")


async def test_the_list_adds_the_slug_to_shared_names_only(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser], alice: ChatUser
) -> None:
    await alice.sends("/book")
    assert alice.buttons == [FIRST, SECOND, "Dora"]


async def test_search_results_add_the_slug(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser], alice: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.sends("anna")
    assert alice.last.text.startswith("Matches for “anna”:")
    assert alice.buttons[:2] == [FIRST, SECOND]


@pytest.mark.parametrize(
    "typed", [SECOND, "ANNA WEBER (Anna-Weber-2)", "  Anna  Weber (anna-weber-2) ", "anna-weber-2"]
)
async def test_what_is_shown_can_be_typed_back(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser], alice: ChatUser, typed: str
) -> None:
    await alice.sends("/book")
    await alice.sends(typed)
    assert alice.last.text.startswith(SECOND)
    await alice.taps("25")
    assert alice.last.text.startswith(SECOND)
    await alice.taps("09:15")
    assert [r.provider_id for r in await alice.reservations()] == [3]


async def test_the_longest_label_can_be_typed_back(bot: BotHarness, alice: ChatUser) -> None:
    for _ in range(2):
        await opens_as(bot, "w" * 64)
    await alice.sends("/book")
    label = alice.buttons[1]
    assert label == f"{'w' * 64} ({'w' * 28}-2)"
    await alice.sends(label)
    assert alice.last.text.startswith(label)


async def test_cards_lists_and_notifications_add_the_slug(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser], alice: ChatUser
) -> None:
    await alice.books("09:15", provider=SECOND)
    alice.card.shows(f"{SECOND}\n")
    await alice.sends("/bookings")
    alice.last.shows(f"✅ {SECOND}\n")
    assert alice.buttons == [f"✅ Wed 25 Nov, 09:15 · {SECOND}"]
    await alice.taps(f"Wed 25 Nov, 09:15 · {SECOND}")
    await alice.taps("Cancel booking", message=alice.last)
    alice.last.shows(f"\n{SECOND}\n")
    await annas[1].cancels_for_client(1)
    assert alice.last.text.startswith(f"❌ {SECOND} cancelled your appointment:")


async def test_warnings_and_expiries_add_the_slug(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser], alice: ChatUser
) -> None:
    await alice.holds("09:15", provider=SECOND)
    await bot.advances(minutes=26)
    alice.last.shows(f"\n{SECOND}, ")
    await bot.advances(minutes=5)
    alice.last.shows(f"\n{SECOND}, ")


async def test_the_days_of_a_time_and_an_empty_calendar_add_the_slug(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser], alice: ChatUser
) -> None:
    await alice.sends("/book")
    await alice.taps(FIRST)
    await alice.sends("9:15")
    alice.last.shows(f"{FIRST}\n")
    bot.now += timedelta(days=5)
    await alice.sends("/book")
    await alice.taps(FIRST)
    assert alice.last.text.startswith(f"{FIRST}\nNo free times")


@pytest.mark.parametrize("other", ["anna weber", "Änna Wéber", "ANNA WEBER"])
async def test_names_that_differ_in_case_and_accents_are_shared(
    bot: BotHarness, alice: ChatUser, other: str
) -> None:
    await opens_as(bot, "Anna Weber")
    await opens_as(bot, other)
    await alice.sends("/book")
    assert {label.partition(" (")[0] for label in alice.buttons} == {"Anna Weber", other}
    assert all(label.endswith(")") for label in alice.buttons)


async def test_a_name_that_is_unique_again_loses_the_slug(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser], alice: ChatUser
) -> None:
    await annas[1].sends("/settings")
    await annas[1].taps("Public name")
    await annas[1].sends("Anna Weber-Koch")
    await alice.sends("/book")
    assert alice.buttons == ["Anna Weber", "Anna Weber-Koch", "Dora"]


async def test_an_outdated_label_still_finds_its_provider(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser], alice: ChatUser
) -> None:
    await renames(bot, annas[0], "Berta")
    await alice.sends("/book")
    await alice.sends(SECOND)
    assert alice.last.text.startswith("Anna Weber\n")


async def test_a_provider_sees_the_slug_of_another_with_their_name(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser]
) -> None:
    await annas[0].sends("/book")
    assert annas[0].buttons == [SECOND, "Dora"]


async def test_the_slug_is_added_in_german(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser]
) -> None:
    greta = bot.joins("Greta", language_code="de")
    await greta.sends("/book")
    await greta.sends("Anna")
    assert greta.buttons[:2] == [FIRST, SECOND]
    await greta.sends(SECOND)
    assert greta.last.text.startswith(SECOND)
    await greta.taps("25")
    await greta.taps("09:15")
    await greta.taps("Bestätigen")
    await greta.sends("/bookings")
    greta.last.shows(f"✅ {SECOND}\n")


@pytest.mark.parametrize("part", ["weber-2", "(anna-weber-2", "Weber (anna-weber-2"])
async def test_part_of_a_label_finds_its_provider(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser], alice: ChatUser, part: str
) -> None:
    await alice.sends("/book")
    await alice.sends(part)
    assert alice.last.text.startswith(SECOND)


async def test_a_slug_finds_its_provider_under_a_new_name(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser], alice: ChatUser
) -> None:
    await renames(bot, annas[1], "Anni")
    await alice.sends("/book")
    await alice.sends("anna-weber-2")
    assert alice.last.text.startswith("Anni")


async def test_a_provider_sees_their_label_and_cannot_take_another(
    bot: BotHarness, annas: tuple[ChatUser, ChatUser]
) -> None:
    _, second = annas
    await second.sends("/settings")
    second.last.shows(f"Public name: {SECOND}")
    await second.taps("Public name")
    await second.sends(FIRST)
    assert second.last.text.startswith(
        "⚠️ Brackets like these tell providers with the same name apart."
    )
    await second.sends("Dora")
    second.last.shows("Clients now see you as Dora (anna-weber-2).")
