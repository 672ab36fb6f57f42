"""Groups: people who call the bot get a link to the private chat, and nothing is stored."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.state.groups import Channel, Group
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.raw_database import rows

CALL = "/book@slotkeeper_bot"
ANSWER = "I only work in private chats. Message me there."
Writer = Callable[[Group, Channel, str], Any]

WRITERS: dict[str, Writer] = {
    "anonymous admin": lambda group, _, text: group.sends_anonymously(text),
    "anonymous admin with a title": lambda group, _, text: group.sends_anonymously(
        text, title="Boss"
    ),
    "channel": lambda group, channel, text: group.receives_from(channel, text),
    "channel without a user": lambda group, channel, text: group.receives_from(
        channel, text, user=None
    ),
    "automatic forward": lambda group, channel, text: group.receives_post(channel, text),
}


@pytest.fixture
def group(bot: BotHarness) -> Group:
    """Return a supergroup that the bot is in."""
    return bot.simulator.supergroup("Team")


@pytest.fixture
def channel(bot: BotHarness) -> Channel:
    """Return the channel that is linked to the group."""
    return bot.simulator.channel("News", "team_news")


def said(group: Group) -> list[str]:
    return [message.text for message in group.chat.messages if message.sender == "bot"]


@pytest.mark.parametrize("writer", WRITERS)
async def test_anonymous_senders_get_the_answer_for_groups(
    bot: BotHarness, group: Group, channel: Channel, writer: str
) -> None:
    WRITERS[writer](group, channel, CALL)
    await bot.settles()

    assert said(group) == [ANSWER]
    assert group.chat.last_from_bot.rows[0][0].url == "https://t.me/slotkeeper_bot"


@pytest.mark.parametrize("writer", WRITERS)
async def test_nothing_is_stored_about_anonymous_senders(
    bot: BotHarness, group: Group, channel: Channel, writer: str
) -> None:
    WRITERS[writer](group, channel, CALL)
    await bot.settles()

    url = bot.app.database.url
    assert [
        rows(url, f"SELECT * FROM {table}")
        for table in ("person", "dialogue", "failed_update", "incident")
    ] == [[], [], [], []]


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("text", ["hello", "/book@another_bot", "25 Nov 9:00"])
async def test_messages_not_for_the_bot_are_ignored(
    bot: BotHarness, group: Group, channel: Channel, writer: str, text: str
) -> None:
    WRITERS[writer](group, channel, text)
    await bot.settles()

    assert said(group) == []


async def test_a_repeated_update_is_answered_once(bot: BotHarness, group: Group) -> None:
    update = group.sends_anonymously(CALL)
    await bot.settles()
    bot.simulator.redeliver(update["update_id"])
    await bot.settles()

    assert said(group) == [ANSWER]


async def test_another_bot_gets_no_answer(bot: BotHarness, group: Group) -> None:
    helper = bot.simulator.person("Helper", username="helper_bot", is_bot=True)
    helper.sends_in(group, CALL)
    await bot.settles()

    assert said(group) == []
    assert rows(bot.app.database.url, "SELECT * FROM person") == []


def anonymous(group: Group, channel: Channel, alice: ChatUser) -> None:
    group.sends_anonymously("hello")


def renamed(group: Group, channel: Channel, alice: ChatUser) -> None:
    group.renames("Crew", by=alice.person.sends_in(group, "hello")["message"]["from"])


def posted(group: Group, channel: Channel, alice: ChatUser) -> None:
    channel.posts(CALL)


@pytest.mark.parametrize("act", [anonymous, renamed, posted])
async def test_what_happens_in_groups_and_channels_touches_no_private_dialogue(
    bot: BotHarness,
    group: Group,
    channel: Channel,
    alice: ChatUser,
    open_hours: ChatUser,
    act: Callable[..., None],
) -> None:
    await alice.sends("/book")
    act(group, channel, alice)
    await bot.settles()
    await alice.sends("25 Nov 9:00")

    assert said(group) == said(Group(bot.simulator.world, channel.chat)) == []
    alice.last.shows("Held for you")


@pytest.mark.parametrize("first_name", ["", None])
async def test_a_person_without_a_name_is_answered_in_a_group_and_in_private(
    bot: BotHarness, group: Group, first_name: str | None
) -> None:
    person = bot.joins(first_name, last_name=None, username=None, language_code=None)
    person.person.sends_in(group, CALL)
    await bot.settles()
    await person.sends("/start")

    assert said(group) == [ANSWER]
    person.last.shows("Hello")


async def test_private_service_messages_are_not_answered(
    bot: BotHarness, alice: ChatUser, open_hours: ChatUser
) -> None:
    await alice.sends("/book")
    said_before = len(alice.shown)
    alice.person.pins(alice.card.message)
    alice.person.sets_timer(86400)
    await bot.settles()

    assert len(alice.shown) == said_before
    await alice.sends("25 Nov 9:00")
    alice.last.shows("Held for you")


async def test_nothing_is_stored_about_a_person_who_only_writes_in_a_group(
    bot: BotHarness, alice: ChatUser
) -> None:
    group = bot.simulator.group("Friends")
    alice.person.sends_in(group, "hello everybody")
    alice.person.sends_in(group, "/book@slotkeeper_bot")
    await bot.settles()

    assert "private" in group.chat.last_from_bot.text
    assert rows(bot.app.database.url, "SELECT id FROM person") == []


async def test_a_stranger_is_answered_in_their_own_language(bot: BotHarness) -> None:
    gina, group = bot.joins("Gina", language_code="de"), bot.simulator.group("Freunde")
    gina.person.sends_in(group, "/start@slotkeeper_bot")
    await bot.settles()

    assert group.chat.last_from_bot.text.startswith("Ich arbeite nur in privaten Chats.")
