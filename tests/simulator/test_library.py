"""python-telegram-bot against the simulator: it parses all answers and raises its own errors."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
import telegram
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import Application, CallbackContext, CommandHandler
from telegram.request import HTTPXRequest

from simulator import FaultKind, Person, Simulator

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def request_() -> AsyncIterator[HTTPXRequest]:
    """One transport for the module: creating it takes longer than any of these tests."""
    request = HTTPXRequest()
    yield request
    await request.shutdown()


@dataclass
class Setup:
    """A simulator with a person and a bot."""

    sim: Simulator
    alice: Person
    bot: telegram.Bot


@pytest_asyncio.fixture(loop_scope="module")
async def setup(request_: HTTPXRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Setup]:
    # Without this the library warns about the future type of durations.
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    sim = Simulator()
    await sim.start()
    alice = sim.person("Alice", username="alice")
    alice.sends("/start")
    sim.take_updates()
    base, files = f"{sim.url}/bot", f"{sim.url}/file/bot"
    yield Setup(
        sim,
        alice,
        telegram.Bot(
            "1:test",
            base_url=base,
            base_file_url=files,
            request=request_,
            get_updates_request=request_,
        ),
    )
    await sim.stop()


def _all_parsed(thing: telegram.TelegramObject) -> bool:
    """Return whether the library knew every field."""
    return not thing.api_kwargs


async def test_get_me_returns_the_bot(setup: Setup) -> None:
    me = await setup.bot.get_me()
    assert (me.id, me.is_bot, me.username) == (1, True, "slotkeeper_bot")
    assert _all_parsed(me)


async def test_every_kind_of_update_is_parsed(setup: Setup) -> None:
    alice, sim = setup.alice, setup.sim
    alice.sends("/book now")
    alice.edits(1, "/help")
    alice.sends_sticker()
    alice.sends_photo(caption="look")
    alice.taps_data("x", 1)
    alice.taps_data("x", 99)
    alice.sends_in(sim.group("Team"), "hello")
    alice.blocks()
    alice.unblocks()
    updates = await setup.bot.get_updates(allowed_updates=telegram.Update.ALL_TYPES)
    shown = (
        "message",
        "edited_message",
        "message",
        "message",
        "callback_query",
        "callback_query",
        "message",
        "my_chat_member",
        "my_chat_member",
    )
    assert len(updates) == len(shown)
    for update, kind in zip(updates, shown, strict=True):
        assert _all_parsed(getattr(update, kind)), kind
    assert updates[0].message is not None
    assert updates[0].message.parse_entities() == {updates[0].message.entities[0]: "/book"}
    assert updates[5].callback_query is not None
    assert updates[5].callback_query.message is not None
    assert not updates[5].callback_query.message.is_accessible


async def test_messages_are_sent_and_edited(setup: Setup) -> None:
    keyboard = InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton("✅ Confirm", callback_data="c"),
                InlineKeyboardButton("Site", url="https://example.org"),
            ]
        ]
    )
    then = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)
    source = f'<b>9:00</b>, <tg-time unix="{int(then.timestamp())}" format="wDt">tomorrow</tg-time>'
    message = await setup.bot.send_message(
        setup.alice.id,
        source,
        parse_mode="HTML",
        reply_markup=keyboard,
        reply_parameters=telegram.ReplyParameters(999, allow_sending_without_reply=True),
        link_preview_options=telegram.LinkPreviewOptions(is_disabled=True),
        protect_content=True,
        disable_notification=True,
    )
    assert _all_parsed(message)
    assert (message.text_html, message.reply_markup, message.has_protected_content) == (
        source,
        keyboard,
        True,
    )
    assert [entity.unix_time for entity in message.entities if entity.type == "date_time"] == [then]
    edited = await message.edit_text("&lt;gone&gt;", parse_mode="HTML")
    assert isinstance(edited, telegram.Message)
    assert (edited.text, edited.reply_markup, edited.edit_date is not None) == (
        "<gone>",
        None,
        True,
    )
    edited = await message.edit_reply_markup(keyboard)
    assert isinstance(edited, telegram.Message)
    assert edited.reply_markup == keyboard
    assert await message.delete()
    assert setup.sim.transcript.warnings == []


async def test_files_are_uploaded_and_downloaded(setup: Setup) -> None:
    message = await setup.bot.send_document(
        setup.alice.id,
        b"BEGIN:VCALENDAR",
        filename="visit.ics",
        caption="<i>x</i>",
        parse_mode="HTML",
    )
    assert message.document is not None
    assert (message.document.file_name, message.document.mime_type, message.caption_html) == (
        "visit.ics",
        "text/calendar",
        "<i>x</i>",
    )
    file = await message.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"BEGIN:VCALENDAR"
    again = await setup.bot.send_document(setup.alice.id, message.document.file_id)
    assert again.document == message.document
    picture = await setup.bot.send_photo(
        setup.alice.id, b"\x89PNG\r\n\x1a\n----IHDR\x00\x00\x00\x02\x00\x00\x00\x03"
    )
    assert [(size.width, size.height) for size in picture.photo] == [(2, 3)]
    assert await setup.bot.send_chat_action(setup.alice.id, "typing")


async def test_taps_are_answered(setup: Setup) -> None:
    await setup.bot.send_message(
        setup.alice.id,
        "x",
        reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data="go")]]),
    )
    setup.alice.taps("Go")
    query = (await setup.bot.get_updates())[-1].callback_query
    assert query is not None
    assert query.data == "go"
    assert await query.answer("Gone", show_alert=True)
    assert setup.alice.toasts == [("Gone", True)]
    with pytest.raises(
        telegram.error.BadRequest,
        match="Query is too old and response timeout expired or query id is invalid",
    ):
        await query.answer()


async def test_the_profile_is_set_and_read(setup: Setup) -> None:
    bot, scope = setup.bot, telegram.BotCommandScopeChat(setup.alice.id)
    commands = (telegram.BotCommand("start", "Begin"), telegram.BotCommand("help", "What I can do"))
    assert await bot.set_my_commands(commands, scope=scope, language_code="de")
    assert await bot.get_my_commands(scope=scope, language_code="de") == commands
    assert await bot.get_my_commands() == ()
    assert await bot.delete_my_commands(scope=scope, language_code="de")
    assert await bot.set_my_name("Keeper")
    assert (await bot.get_my_name("de")).name == "Keeper"
    assert await bot.set_my_description("Long")
    assert (await bot.get_my_description()).description == "Long"
    assert await bot.set_my_short_description("Short")
    assert (await bot.get_my_short_description()).short_description == "Short"
    assert await bot.set_chat_menu_button(menu_button=telegram.MenuButtonCommands())
    assert await bot.get_chat_menu_button() == telegram.MenuButtonCommands()
    assert await bot.set_webhook(
        "https://example.org/hook", secret_token="s", allowed_updates=["message"], max_connections=5
    )
    info = await bot.get_webhook_info()
    assert (info.url, info.max_connections, info.allowed_updates) == (
        "https://example.org/hook",
        5,
        ("message",),
    )
    assert await bot.delete_webhook()


async def test_a_whole_application_runs(setup: Setup) -> None:
    async def greet(update: telegram.Update, context: CallbackContext[Any, Any, Any, Any]) -> None:
        assert update.effective_message is not None
        await update.effective_message.reply_text(f"hello {context.args}")
        greeted.set()

    greeted = asyncio.Event()
    application = (
        Application.builder()
        .token("1:test")
        .base_url(f"{setup.sim.url}/bot")
        .job_queue(None)
        .build()
    )
    application.add_handler(CommandHandler("start", greet))
    assert application.updater is not None
    async with application:
        await application.start()
        await application.updater.start_polling(timeout=5)
        setup.alice.opens("https://t.me/slotkeeper_bot?start=book_x")
        async with asyncio.timeout(5):
            await greeted.wait()
        await application.updater.stop()
        await application.stop()
    assert setup.alice.chat.last_from_bot.text == "hello ['book_x']"
    assert setup.sim.world.updates.pending == []
    assert setup.sim.transcript.warnings == []


async def test_refusals_become_the_right_exceptions(setup: Setup) -> None:
    bot, alice, bob = setup.bot, setup.alice, setup.sim.person("Bob")
    with pytest.raises(telegram.error.BadRequest, match="Chat not found"):
        await bot.send_message(77, "x")
    with pytest.raises(telegram.error.BadRequest, match="Button_data_invalid"):
        await bot.send_message(
            alice.id,
            "x",
            reply_markup=InlineKeyboardMarkup(
                [[InlineKeyboardButton("x", callback_data="x" * 65)]]
            ),
        )
    with pytest.raises(telegram.error.Forbidden, match="initiate conversation"):
        await bot.send_message(bob.id, "x")
    alice.blocks()
    with pytest.raises(telegram.error.Forbidden, match="bot was blocked by the user"):
        await bot.send_message(alice.id, "x")
    with pytest.raises(telegram.error.InvalidToken, match="'sendRocket' does not exist"):
        await bot.do_api_request("sendRocket")


async def test_a_wrong_token_is_unauthorized_and_a_malformed_one_not_found(
    setup: Setup, request_: HTTPXRequest
) -> None:
    for token, why in (("2:wrong", "Unauthorized"), ("wrong", "Not Found")):
        bot = telegram.Bot(
            token, base_url=f"{setup.sim.url}/bot", request=request_, get_updates_request=request_
        )
        with pytest.raises(telegram.error.InvalidToken, match=why):
            await bot.get_me()


async def test_a_webhook_conflicts_with_polling(setup: Setup) -> None:
    await setup.bot.set_webhook("https://example.org/hook")
    with pytest.raises(telegram.error.Conflict, match="webhook is active"):
        await setup.bot.get_updates()


@pytest.mark.parametrize(
    ("kind", "retry_after", "error", "text", "done"),
    [
        (FaultKind.FLOOD, 7, telegram.error.RetryAfter, "0:00:07", False),
        (FaultKind.FLOOD, None, telegram.error.NetworkError, "Too Many Requests", False),
        (FaultKind.SERVER_ERROR, None, telegram.error.NetworkError, "Internal Server Error", False),
        (FaultKind.BAD_GATEWAY, None, telegram.error.NetworkError, "Bad Gateway", False),
        (FaultKind.BLOCKED, None, telegram.error.Forbidden, "blocked", False),
        (FaultKind.SILENCE, None, telegram.error.TimedOut, "Timed out", False),
        (FaultKind.SILENCE_AFTER, None, telegram.error.TimedOut, "Timed out", True),
        (
            FaultKind.CUT_BEFORE,
            None,
            telegram.error.NetworkError,
            "RemoteProtocolError|ReadError",
            False,
        ),
        (
            FaultKind.CUT_AFTER,
            None,
            telegram.error.NetworkError,
            "RemoteProtocolError|ReadError",
            True,
        ),
        (
            FaultKind.BROKEN_JSON,
            None,
            telegram.error.TelegramError,
            "Invalid server response",
            True,
        ),
    ],
)
async def test_each_fault_reaches_the_bot(
    setup: Setup,
    kind: FaultKind,
    retry_after: int | None,
    error: type[telegram.error.TelegramError],
    text: str,
    *,
    done: bool,
) -> None:
    setup.sim.faults.add(kind, method="sendMessage", person=setup.alice, retry_after=retry_after)
    with pytest.raises(error, match=text) as raised:
        await setup.bot.send_message(setup.alice.id, "x", read_timeout=0.05)
    assert type(raised.value) is error
    assert [message.text for message in setup.alice.chat.messages[1:]] == (["x"] if done else [])
    await setup.bot.send_message(setup.alice.id, "y")
    assert setup.alice.chat.last_from_bot.text == "y"
    assert [call.fault for call in setup.sim.transcript.calls_of("sendMessage")] == [
        str(kind),
        None,
    ]
    assert setup.sim.transcript.warnings == []
