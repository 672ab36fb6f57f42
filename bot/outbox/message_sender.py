"""Carries out one step at Telegram. Only this module knows what Telegram's refusals mean."""

import html
import io
import logging
import re
import textwrap
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import BaseRequest

from bot.messages.actions import Action, Answer, Delete, Edit, Send, SendQr, SetMenu
from bot.messages.screen import Button, Screen
from bot.outbox.rate_limiter import Paused, Permit, RateLimiter, Urgency
from bot.outbox.read_timeouts import ReadTimeouts
from bot.outbox.shared_state import ShownMessages
from bot.telegram.api import call
from domain.failures import DatabaseAway
from domain.operations.outbox import TOLD_TO_WAIT

log = logging.getLogger(__name__)

_NOT_EDITABLE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "there is no text in the message to edit",
)
_UNREACHABLE = ("chat not found", "user not found", "peer_id_invalid", "user is deactivated")
_UNPARSED = "can't parse entities"
_TIME_TAG = re.compile(r"</?tg-time[^>]*>")
_TOAST_LIMIT = 200
_NO_PREVIEW = {"is_disabled": True}


class Unreachable(Exception):
    """The recipient blocked the bot, or their account is gone."""


class TryLater(Exception):
    """Telegram did not do it, or its answer was lost.

    ``wait`` is how long Telegram asked us to wait, None if it did not say.
    """

    def __init__(self, reason: str, wait: timedelta | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Undeliverable(Exception):
    """Telegram will never accept this message."""


@dataclass(frozen=True, slots=True)
class _Admission:
    """The urgency of a step, and the permit to send its message if there already is one."""

    urgency: Urgency
    permit: Permit | None


class MessageSender:
    """Carries out steps, and records what each message shows so that no edit repeats it.

    Each request waits for the ``rate_limiter``; without one, nothing waits. ``timeouts`` chooses
    how long to wait for an answer.
    """

    def __init__(
        self,
        bot: Bot,
        shown_messages: ShownMessages,
        rate_limiter: RateLimiter | None = None,
        timeouts: ReadTimeouts | None = None,
    ) -> None:
        self._bot = bot
        self._shown_messages = shown_messages
        self._rate_limiter = rate_limiter
        self._timeouts = timeouts or ReadTimeouts()
        self._parses_times = True

    @property
    def pause(self) -> timedelta:
        """How long Telegram asked the bot to send nothing; zero if it did not."""
        return timedelta(seconds=self._rate_limiter.pause if self._rate_limiter else 0)

    async def chat_delay(self, chat: int) -> float:
        """Return how many seconds a chat must wait for its next answer, zero or less if none."""
        if self._rate_limiter is None:
            return 0.0
        return await self._rate_limiter.chat_delay(chat, Urgency.ANSWER)

    def expected_wait(self, chat: int) -> float:
        """Estimate how many seconds an answer would wait behind other chats, without its delay."""
        if self._rate_limiter is None:
            return 0.0
        return self._rate_limiter.expected_wait(Urgency.ANSWER, chat)

    def reserve(self, chat: int, urgency: Urgency) -> AbstractAsyncContextManager[Permit | None]:
        """Wait for a permit to send in a chat, and hold it for a block; raises Paused.

        Yields None if there is no rate limiter.
        """
        return self._rate_limiter.reserve(urgency, chat) if self._rate_limiter else nullcontext()

    async def carry_out(
        self,
        chat: int,
        step: Action,
        urgency: Urgency = Urgency.ANSWER,
        permit: Permit | None = None,
    ) -> int | None:
        """Carry out one step in a chat.

        Returns the number of the message that shows it, None if no message does. Uses the
        ``permit`` unless it is spent.

        Raises:
            Unreachable: the recipient cannot be reached.
            TryLater: a later try may succeed.
            Undeliverable: no try will succeed.
        """
        try:
            return await self._do(chat, step, _Admission(urgency, permit))
        except Paused as error:
            raise TryLater(TOLD_TO_WAIT, timedelta(seconds=error.seconds)) from error
        except (Forbidden, ChatMigrated) as error:
            raise Unreachable(error.message) from error
        except RetryAfter as error:
            wait = _as_timedelta(error)
            if self._rate_limiter:
                await self._rate_limiter.record_refusal(chat, wait.total_seconds())
            raise TryLater(TOLD_TO_WAIT, wait) from error
        except BadRequest as error:
            # BadRequest is a NetworkError by inheritance, but retrying would never help.
            raise _refusal(error) from error
        except NetworkError as error:
            raise TryLater(error.message) from error
        except TelegramError as error:
            raise TryLater(f"{type(error).__name__}: {error.message}") from error

    async def _do(self, chat: int, step: Action, admission: _Admission) -> int | None:
        """Carry out one step; errors from Telegram pass through."""
        match step:
            case Answer():
                await self._answer(step, admission)
            case Edit() | Send():
                return await self._show(chat, step, admission)
            case Delete():
                await self._delete(chat, step, admission)
            case SendQr():
                await self._send_qr(chat, step, admission)
            case SetMenu():
                commands = [BotCommand(name, description) for name, description in step.commands]
                async with self._admitted(admission):
                    await self._bot.set_my_commands(commands, scope=BotCommandScopeChat(chat))
        return None

    def _admitted(
        self, admission: _Admission, chat: int | None = None
    ) -> AbstractAsyncContextManager[None]:
        """Wait until one request is allowed; ``chat`` is None if no chat shows the result."""
        if self._rate_limiter is None:
            return nullcontext()
        if chat is not None and admission.permit is not None and not admission.permit.spent:
            return self._rate_limiter.use(admission.permit)
        return self._rate_limiter.acquire(admission.urgency, chat)

    async def _answer(self, step: Answer, admission: _Admission) -> None:
        """Answer a tap; a tap that is too old needs no answer."""
        text = step.text and textwrap.shorten(step.text, _TOAST_LIMIT, placeholder="…")
        try:
            async with self._admitted(admission):
                await call(
                    self._bot,
                    "answerCallbackQuery",
                    {"callback_query_id": step.query_id, "text": text, "show_alert": step.alert},
                )
        except BadRequest as error:
            log.info("tap not answered: %s", error.message)

    async def _show(self, chat: int, step: Edit | Send, admission: _Admission) -> int | None:
        """Show a screen with the richest formatting that the server can parse."""
        *richer, plainest = _forms(step.screen.text, times=self._parses_times)
        for text in richer:
            try:
                return await self._show_text(chat, step, text, admission)
            except BadRequest as error:
                if _UNPARSED not in error.message.lower():
                    raise
                log.warning("a text cannot be parsed and is sent more plainly: %s", error.message)
                self._parses_times = self._parses_times and "tg-time" not in error.message
        return await self._show_text(chat, step, plainest, admission)

    async def _show_text(
        self, chat: int, step: Edit | Send, text: str, admission: _Admission
    ) -> int | None:
        """Show a screen with this text in place of its own."""
        shown = replace(step, screen=replace(step.screen, text=text))
        if isinstance(shown, Edit):
            return await self._edit(chat, shown, admission)
        return await self._send(chat, shown.screen, admission, shown.reply_to)

    async def _edit(self, chat: int, step: Edit, admission: _Admission) -> int | None:
        """Show a screen on a message, or on a new one if that message was deleted."""
        digest = step.screen.digest
        if (await self._shown(chat, step.message_id) or step.before) == digest:
            return step.message_id
        parameters = {"message_id": step.message_id, **_message_parameters(step.screen)}
        try:
            async with self._admitted(admission, chat):
                await self._call(chat, "editMessageText", parameters)
        except BadRequest as error:
            reason = error.message.lower()
            if any(phrase in reason for phrase in _NOT_EDITABLE):
                return None if step.only else await self._send(chat, step.screen, admission)
            # The message already shows this screen: an edit before a crash may have arrived.
            if "message is not modified" not in reason:
                raise
        await self._record_shown(chat, step.message_id, digest)
        return step.message_id

    async def _send(
        self, chat: int, screen: Screen, admission: _Admission, reply_to: int | None = None
    ) -> int:
        """Show a screen on a new message."""
        replied = {"message_id": reply_to, "allow_sending_without_reply": True}
        parameters = {
            "reply_parameters": replied if reply_to else None,
            **_message_parameters(screen),
        }
        async with self._admitted(admission, chat):
            sent = await self._call(chat, "sendMessage", parameters)
        message = message_id_of(sent)
        await self._record_shown(chat, message, screen.digest)
        return message

    async def _send_qr(self, chat: int, step: SendQr, admission: _Admission) -> None:
        """Send a picture of a link."""
        async with self._admitted(admission, chat):
            with self._timeouts.for_chat(chat) as seconds:
                timeout: Any = BaseRequest.DEFAULT_NONE if seconds is None else seconds
                await self._bot.send_photo(
                    chat,
                    _qr_png(step.link),
                    caption=step.caption,
                    parse_mode=ParseMode.HTML,
                    read_timeout=timeout,
                )

    async def _call(self, chat: int, method: str, parameters: dict[str, object]) -> object:
        """Call a method that shows something in a chat, with the chat's read timeout."""
        with self._timeouts.for_chat(chat) as seconds:
            return await call(
                self._bot, method, {"chat_id": chat, **parameters}, read_timeout=seconds
            )

    async def _delete(self, chat: int, step: Delete, admission: _Admission) -> None:
        """Delete a message; one that is gone or too old to delete stays as it is."""
        with suppress(DatabaseAway):
            await self._shown_messages.forget(chat, step.message_id)
        try:
            async with self._admitted(admission):
                await self._bot.delete_message(chat, step.message_id)
        except BadRequest as error:
            log.info("message not deleted: %s", error.message)

    async def _shown(self, chat: int, message: int) -> str | None:
        """Return the digest of what a message shows.

        None if it is unknown or the database is unavailable: one needless edit does no harm.
        """
        with suppress(DatabaseAway):
            return await self._shown_messages.shown(chat, message)
        return None

    async def _record_shown(self, chat: int, message: int, digest: str) -> None:
        """Record what a message shows now, if the database is available."""
        with suppress(DatabaseAway):
            await self._shown_messages.show(chat, message, digest)


def message_id_of(sent: object) -> int:
    """Return the number of a message that was sent.

    Raises:
        NetworkError: the answer is not a message, so it has to be sent again.
    """
    number = sent.get("message_id") if isinstance(sent, dict) else None
    if not isinstance(number, int):
        raise NetworkError("the answer is not a message")
    return number


def _forms(text: str, *, times: bool) -> list[str]:
    """Return the different forms of a text, richest first.

    These are the HTML, the HTML without time entities (Bot API 9.5), and the plain text.
    """
    timeless = _TIME_TAG.sub("", text)
    plain = html.escape(Screen(text).plain, quote=False)
    return list(dict.fromkeys(([text] if times else []) + [timeless, plain]))


def _refusal(error: BadRequest) -> Exception:
    """Return what a 400 response means for the recipient."""
    if any(phrase in error.message.lower() for phrase in _UNREACHABLE):
        return Unreachable(error.message)
    return Undeliverable(error.message)


def _as_timedelta(error: RetryAfter) -> timedelta:
    """Return how long Telegram asked us to wait; the library may give it as seconds."""
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)


def _message_parameters(screen: Screen) -> dict[str, object]:
    """Return a screen as the parameters of a message."""
    rows = [[_button(each) for each in row] for row in screen.rows]
    return {
        "text": screen.text,
        "parse_mode": ParseMode.HTML,
        "reply_markup": {"inline_keyboard": rows} if rows else None,
        "link_preview_options": _NO_PREVIEW,
    }


def _button(button: Button) -> dict[str, str]:
    """Return a button in the form of the Bot API."""
    target = {"callback_data": button.data} if button.data else {"url": button.url or ""}
    return {"text": button.label, **target}


def _qr_png(link: str) -> bytes:
    """Return a QR code of a link as a PNG image."""
    import segno  # noqa: PLC0415  (few people ask for a picture, and loading it slows the start)

    picture = io.BytesIO()
    segno.make(link, error="m").save(picture, kind="png", scale=12, border=4)
    return picture.getvalue()
