"""Texts with nothing visible are answered and change no dialogue; only some clients send them."""

from collections.abc import Awaitable, Callable

import pytest

from bot.dialogue.flow import FlowHandler
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.practice import add_absent_provider, add_assistant
from tests.kit.raw_database import rows

BLANKS = [
    "",
    " ",
    "\n\t \u00a0",
    "\u200b\u200e\u2060",
    "\u202e",
    "\ufeff",
    "\u3164\u2800",
    "\x00",
    "\x1f",
]
NOT_UNDERSTOOD = "Sorry, I didn't get that."
OWN_WORDS = {
    ("agenda", "reason"): "That note is empty.",
    ("invite", "name"): "Please use 1 to 64 characters",
    ("joining", "name"): "Please use 1 to 64 characters",
    ("settings", "name"): "Please use 1 to 64 characters",
}
Action = Callable[[BotHarness, ChatUser, ChatUser], Awaitable[ChatUser]]
STEPS: dict[tuple[str, str], Action] = {}


def step(flow: str, state: str) -> Callable[[Action], Action]:
    """Register how to reach a state: as the provider Dora or the client Alice, who is returned."""

    def registered(prepare: Action) -> Action:
        STEPS[flow, state] = prepare
        return prepare

    return registered


@step("none", "")
async def outside(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await alice.sends("/help")
    return alice


@step("booking", "provider")
async def among_providers(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await add_provider(bot, "Emil")
    await alice.sends("/book")
    return alice


@step("booking", "day")
async def at_a_calendar(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await alice.sends("/book")
    return alice


@step("booking", "time")
async def at_a_day(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await alice.sends("/book")
    await alice.taps("25")
    return alice


@step("hours", "typing")
async def before_hours(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await dora.sends("/hours")
    return dora


@step("hours", "days")
async def before_days(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await dora.sends("/hours")
    await dora.taps("Choose days")
    return dora


@step("hours", "start")
async def before_a_start(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await before_days(bot, dora, alice)
    await dora.taps("27")
    await dora.taps("Next ›")
    return dora


@step("hours", "end")
async def before_an_end(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await before_a_start(bot, dora, alice)
    await dora.taps("10:00")
    return dora


@step("hours", "removing")
async def before_a_removal(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await dora.sends("/hours")
    await dora.taps("Wed 25 Nov")
    return dora


@step("agenda", "day")
async def in_the_agenda(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await dora.sends("/agenda")
    return dora


@step("agenda", "reason")
async def before_a_reason(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await alice.books("09:00")
    await dora.sends("/agenda")
    await dora.taps_data("ar:1", dora.last.id)
    return dora


@step("settings", "zone")
async def before_a_zone(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await alice.sends("/settings")
    await alice.taps("Time zone")
    return alice


@step("settings", "zone_of")
async def before_the_zone_of_another(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    rita = bot.joins("Rita")
    await add_assistant(bot, rita, await add_absent_provider(bot, "Emil"))
    await rita.sends("/settings")
    await rita.taps("Time zone of Emil: Berlin")
    return rita


@step("settings", "name")
async def before_a_name(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await dora.sends("/settings")
    await dora.taps("Public name")
    return dora


@step("joining", "name")
async def joining(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    admin = bot.joins("Ada", id=900)
    await admin.sends("/invite")
    await admin.taps("A provider")
    await alice.opens(admin.link("?start=join_"))
    return alice


@step("invite", "name")
async def naming(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    admin = bot.joins("Ada", id=900)
    await admin.sends("/invite")
    await admin.taps("A provider without Telegram")
    return admin


@step("joining", "zone")
async def joining_and_named(bot: BotHarness, dora: ChatUser, alice: ChatUser) -> ChatUser:
    await joining(bot, dora, alice)
    await alice.sends("Alice")
    return alice


def dialogue_of(bot: BotHarness, person: ChatUser) -> object:
    return rows(
        bot.app.database.url,
        "SELECT flow, state, data, card_message_id FROM dialogue JOIN person ON id = person_id"
        f" WHERE telegram_id = {person.id}",
    )


async def test_every_step_that_reads_text_is_among_these(bot: BotHarness) -> None:
    handlers = bot.app.application.handlers[0]
    flows = [handler for handler in handlers if isinstance(handler, FlowHandler)]
    assert {(str(flow.name), str(state)) for flow in flows for state in flow.states} == set(
        STEPS
    ) - {("none", "")}


@pytest.mark.usually("sqlite")
@pytest.mark.parametrize("place", STEPS, ids="-".join)
async def test_a_text_with_nothing_to_read_is_answered_and_the_dialogue_stays(
    bot: BotHarness, open_hours: ChatUser, alice: ChatUser, place: tuple[str, str]
) -> None:
    person = await STEPS[place](bot, open_hours, alice)
    before_blanks, url = dialogue_of(bot, person), bot.app.database.url
    changes = [
        rows(url, f"SELECT * FROM {table}") for table in ("reservation", "availability", "provider")
    ]
    for text in BLANKS:
        before = len(person.shown)
        person.person.sends_exactly(text)
        await bot.settles()
        assert len(person.shown) == before + 1, repr(text)
        assert OWN_WORDS.get(place, NOT_UNDERSTOOD) in person.last.text, repr(text)
        assert person.last.rows or place in OWN_WORDS

    assert dialogue_of(bot, person) == before_blanks
    assert [
        rows(url, f"SELECT * FROM {table}") for table in ("reservation", "availability", "provider")
    ] == changes
    assert [rows(url, f"SELECT * FROM {table}") for table in ("failed_update", "incident")] == [
        [],
        [],
    ]


async def test_white_space_in_a_group_is_ignored(bot: BotHarness, alice: ChatUser) -> None:
    group = bot.simulator.group("Team")
    alice.person.sends_in(group, "\u200b")
    await bot.settles()

    assert [message.sender for message in group.chat.messages] == ["person"]
