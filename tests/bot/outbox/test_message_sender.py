"""One step at Telegram: what refusals mean, and what is not sent at all."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from telegram import Update
from telegram.error import NetworkError

from bot.dialogue.context import Context
from bot.messages.actions import Action, Answer, Delete, Edit, Send, SendQr, SetMenu
from bot.messages.screen import Button, Screen
from bot.outbox.message_sender import (
    MessageSender,
    TryLater,
    Undeliverable,
    Unreachable,
    message_id_of,
)
from bot.outbox.shown_messages import LocalShownMessages
from simulator.api import html
from simulator.faults import FaultKind
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.handlers import calls, on_tap, on_text, send_probe_button, texts


@pytest.fixture
def sender(impatient_bot: BotHarness) -> MessageSender:
    return MessageSender(impatient_bot.app.application.bot, LocalShownMessages())


@pytest.fixture
def dora(impatient_bot: BotHarness) -> ChatUser:
    """Dora, who has pressed Start, so the bot may write to her."""
    user = impatient_bot.joins("Dora")
    user.person.sends("/start")
    impatient_bot.simulator.take_updates()
    return user


async def shown(sender: MessageSender, chat: int, screen: Screen) -> int:
    number = await sender.carry_out(chat, Send(screen))
    assert number is not None
    return number


TRANSIENT = [
    (FaultKind.FLOOD, 7, timedelta(seconds=7)),
    (FaultKind.FLOOD, None, None),
    (FaultKind.SERVER_ERROR, None, None),
    (FaultKind.BAD_GATEWAY, None, None),
    (FaultKind.CUT_BEFORE, None, None),
    (FaultKind.CUT_AFTER, None, None),
    (FaultKind.SILENCE, None, None),
    (FaultKind.SILENCE_AFTER, None, None),
]

STEPS: list[tuple[str, Callable[[int], Action]]] = [
    ("sendMessage", lambda _: Send(Screen("hi"))),
    ("editMessageText", lambda number: Edit(number, Screen("other"))),
    ("deleteMessage", Delete),
    ("sendPhoto", lambda _: SendQr("https://t.me/x", "caption")),
    ("setMyCommands", lambda _: SetMenu((("book", "Book"),))),
]


@pytest.mark.parametrize(("fault", "retry_after", "wait"), TRANSIENT)
@pytest.mark.parametrize(("method", "step"), STEPS, ids=[method for method, _ in STEPS])
async def test_transient_errors_mean_try_later(
    impatient_bot: BotHarness,
    sender: MessageSender,
    dora: ChatUser,
    fault: FaultKind,
    retry_after: int | None,
    wait: timedelta | None,
    method: str,
    step: Callable[[int], Action],
) -> None:
    number = await shown(sender, dora.id, Screen("first"))
    impatient_bot.simulator.faults.add(fault, method=method, retry_after=retry_after)
    with pytest.raises(TryLater) as caught:
        await sender.carry_out(dora.id, step(number))

    assert caught.value.wait == wait
    assert impatient_bot.simulator.token not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.refuses("chat not found")
async def test_people_who_blocked_the_bot_or_do_not_exist_are_unreachable(
    sender: MessageSender, dora: ChatUser
) -> None:
    dora.person.blocks()
    for chat in (dora.id, 4711):
        with pytest.raises(Unreachable):
            await sender.carry_out(chat, Send(Screen("hi")))


@pytest.mark.refuses(
    "message text is empty", "message is too long", "MESSAGE_TOO_LONG", "BUTTON_DATA_INVALID"
)
@pytest.mark.parametrize(
    "screen", [Screen(""), Screen("x" * 4097), Screen("x", ((Button("b", data="d" * 65),),))]
)
async def test_what_telegram_will_never_accept_is_undeliverable(
    sender: MessageSender, dora: ChatUser, screen: Screen
) -> None:
    number = await shown(sender, dora.id, Screen("first"))
    for step in (Send(screen), Edit(number, screen)):
        with pytest.raises(Undeliverable):
            await sender.carry_out(dora.id, step)


async def test_a_message_is_not_edited_to_the_screen_it_shows(
    impatient_bot: BotHarness, sender: MessageSender, dora: ChatUser
) -> None:
    first, second = Screen("one &amp; <b>two</b>", ((Button("b", data="d"),),)), Screen("three")
    number = await shown(sender, dora.id, first)
    for screen in (first, second, second, first):
        assert await sender.carry_out(dora.id, Edit(number, screen)) == number

    assert len(calls(impatient_bot, "editMessageText")) == 2
    assert dora.last.text == "one & two"


async def test_without_a_record_the_tap_says_what_the_message_shows(
    impatient_bot: BotHarness, sender: MessageSender, dora: ChatUser
) -> None:
    number = await shown(sender, dora.id, Screen("one"))
    after_restart = MessageSender(impatient_bot.app.application.bot, LocalShownMessages())
    await after_restart.carry_out(dora.id, Edit(number, Screen("one"), before=Screen("one").digest))

    assert calls(impatient_bot, "editMessageText") == []


@pytest.mark.refuses("message is not modified")
async def test_not_modified_is_success(
    impatient_bot: BotHarness, sender: MessageSender, dora: ChatUser
) -> None:
    number = await shown(sender, dora.id, Screen("one"))
    after_crash = MessageSender(impatient_bot.app.application.bot, LocalShownMessages())
    assert await after_crash.carry_out(dora.id, Edit(number, Screen("one"))) == number
    await after_crash.carry_out(dora.id, Edit(number, Screen("one")))

    assert len(calls(impatient_bot, "editMessageText")) == 1


@pytest.mark.refuses("message to edit not found")
async def test_an_edit_of_a_deleted_message_becomes_a_new_message(
    sender: MessageSender, dora: ChatUser
) -> None:
    number = await shown(sender, dora.id, Screen("one"))
    await sender.carry_out(dora.id, Delete(number))
    assert texts(dora) == []
    new = await sender.carry_out(dora.id, Edit(number, Screen("one")))

    assert new == dora.last.id != number
    assert await sender.carry_out(dora.id, Edit(number, Screen("two"), only=True)) is None
    assert texts(dora) == ["one"]


@pytest.mark.refuses("message to delete not found")
async def test_deleting_a_message_that_is_gone_does_no_harm(
    sender: MessageSender, dora: ChatUser
) -> None:
    assert await sender.carry_out(dora.id, Delete(4711)) is None


async def test_a_long_answer_to_a_tap_is_cut_at_a_word(
    impatient_bot: BotHarness, sender: MessageSender, dora: ChatUser
) -> None:
    on_text(impatient_bot, "offer", send_probe_button)
    await dora.sends("offer")
    update = dora.person.taps("Probe")
    impatient_bot.simulator.take_updates()
    await sender.carry_out(
        dora.id, Answer(update["callback_query"]["id"], "word " * 100, alert=True)
    )

    [(toast, alert)] = dora.person.toasts
    assert toast.endswith("word…")
    assert len(toast) <= 200
    assert alert


@pytest.mark.refuses("query is too old")
async def test_a_tap_that_is_too_old_needs_no_answer(
    impatient_bot: BotHarness, sender: MessageSender, dora: ChatUser
) -> None:
    on_text(impatient_bot, "offer", send_probe_button)
    await dora.sends("offer")
    update = dora.person.taps("Probe")
    impatient_bot.now += timedelta(minutes=1)
    await sender.carry_out(dora.id, Answer(update["callback_query"]["id"], "late"))
    await sender.carry_out(dora.id, Answer("nonsense"))

    assert dora.person.toasts == []


async def test_a_link_is_sent_as_a_picture(sender: MessageSender, dora: ChatUser) -> None:
    await sender.carry_out(
        dora.id, SendQr("https://t.me/slotkeeper_bot?start=book_dora", "<b>Scan</b> it")
    )

    assert dora.last.text == "Scan it"
    assert dora.last.photo is not None
    assert dora.last.photo.content.startswith(b"\x89PNG")


async def test_a_menu_is_for_one_chat(
    impatient_bot: BotHarness, sender: MessageSender, dora: ChatUser
) -> None:
    await sender.carry_out(dora.id, SetMenu((("agenda", "See the day"),)))

    assert impatient_bot.simulator.commands_for(dora.person) == [
        {"command": "agenda", "description": "See the day"}
    ]


async def test_an_unchanged_screen_after_a_double_tap_is_sent_once(bot: BotHarness) -> None:
    alice = bot.joins("Alice")

    async def turn(update: Update, context: Context) -> None:
        context.show(Screen("turned", ((Button("Probe", data="probe"),),)))

    on_text(bot, "offer", send_probe_button)
    on_tap(bot, "probe", turn)
    await alice.sends("offer")
    card = alice.card
    alice.person.taps("Probe", message=card.message)
    alice.person.taps("Probe", message=card.message)
    await bot.settles()

    assert texts(alice) == ["turned"]
    assert len(calls(bot, "editMessageText")) == 1
    assert [tap.answers for tap in bot.simulator.world.taps.values()] == [1, 1]


@pytest.mark.refuses("can't parse entities")
@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<b>unclosed &amp; wrong", "unclosed & wrong"),
        ("a <blink>b</blink> <tg-time unix='1'>c</tg-time>", "a b c"),
    ],
)
async def test_a_text_that_cannot_be_parsed_is_sent_as_plain_text(
    sender: MessageSender, dora: ChatUser, text: str, plain: str
) -> None:
    message = await sender.carry_out(dora.id, Send(Screen(text)))
    assert dora.last.text == plain

    assert message is not None
    await sender.carry_out(dora.id, Edit(message, Screen("other")))
    await sender.carry_out(dora.id, Edit(message, Screen(text)))
    assert dora.last.text == plain
    assert dora.last.id == message


@pytest.mark.refuses("can't parse entities")
async def test_a_server_without_time_entities_gets_times_as_plain_text_from_then_on(
    sender: MessageSender, dora: ChatUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(html.TAGS, "tg-time")
    await sender.carry_out(
        dora.id, Send(Screen('<b>Held</b> until <tg-time unix="1795424400">10:30</tg-time>'))
    )
    assert dora.last.text == "Held until 10:30"
    assert [entity["type"] for entity in dora.last.entities] == ["bold"]

    await sender.carry_out(dora.id, Send(Screen('<tg-time unix="1795424400">09:00</tg-time>')))
    assert dora.last.text == "09:00"
    assert dora.last.entities == []


@pytest.mark.parametrize("sent", [True, [], {}, {"message_id": "7"}])
def test_an_answer_that_is_not_a_message_is_a_network_error(sent: object) -> None:
    with pytest.raises(NetworkError):
        message_id_of(sent)
