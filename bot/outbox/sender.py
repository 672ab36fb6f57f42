"""Carry out one step at Telegram. The only place that knows what Telegram's refusals mean."""

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

from bot.messages.actions import Answer, Delete, Edit, Send, SendQr, SetMenu, Step
from bot.messages.screen import Button, Screen
from bot.outbox.patience import Patience
from bot.outbox.rate_limiter import Paused, Permit, RateLimiter, Urgency
from bot.ports import ShownMessages
from bot.telegram.api import call
from domain.operations.outbox import TOLD_TO_WAIT
from domain.ports import DatabaseAway

log = logging.getLogger(__name__)

_NOT_THERE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "there is no text in the message to edit",
)
_NOBODY = ("chat not found", "user not found", "peer_id_invalid", "user is deactivated")
_UNPARSED = "can't parse entities"
_TIME_TAG = re.compile(r"</?tg-time[^>]*>")
_TOAST_LIMIT = 200
_NO_PREVIEW = {"is_disabled": True}


class Unreachable(Exception):
    """The person blocked the bot or is gone."""


class TryLater(Exception):
    """Telegram did not do it, or did not say whether it did. ``wait`` is how long it asked us to wait, None where it said nothing."""

    def __init__(self, reason: str, wait: timedelta | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Undeliverable(Exception):
    """Telegram will never accept this."""


@dataclass(frozen=True, slots=True)
class _Admission:
    """How urgent a step is, and the permit to send its message, where there is one already."""

    urgency: Urgency
    permit: Permit | None


class MessageSender:
    """Carries out steps, and has it remembered what each message shows, so that none is edited into what it is already.

    Each request waits for its turn in the ``pace``; without one, nothing waits. ``patience`` says how long an answer is waited for.
    """

    def __init__(
        self,
        bot: Bot,
        memory: ShownMessages,
        rate_limiter: RateLimiter | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._bot = bot
        self._shown_messages = memory
        self._rate_limiter = rate_limiter
        self._patience = patience or Patience()
        self._parses_times = True

    @property
    def pause(self) -> timedelta:
        """For how long Telegram asked to be told nothing at all; zero where it did not."""
        return timedelta(seconds=self._rate_limiter.pause if self._rate_limiter else 0)

    async def rest(self, chat: int) -> float:
        """Return for how many seconds a chat has to rest before it may be answered, zero or less where it has rested."""
        return (
            await self._rate_limiter.chat_delay(chat, Urgency.ANSWER) if self._rate_limiter else 0.0
        )

    def wait(self, chat: int, urgency: Urgency = Urgency.ANSWER) -> float:
        """Return for about how many seconds a chat would wait behind others, its own rest aside."""
        return self._rate_limiter.wait(urgency, chat) if self._rate_limiter else 0.0

    def permitted(self, chat: int, urgency: Urgency) -> AbstractAsyncContextManager[Permit | None]:
        """Wait until a message may be sent in a chat, and have the permit for a block; raises Paused."""
        return self._rate_limiter.permitted(urgency, chat) if self._rate_limiter else nullcontext()

    async def carry_out(
        self, chat: int, step: Step, urgency: Urgency = Urgency.ANSWER, permit: Permit | None = None
    ) -> int | None:
        """Do one step in a chat and return the number of the message that shows it now, where there is one.

        It uses the ``permit``, unless that is spent.

        Raises:
            Unreachable, TryLater, Undeliverable: see there.
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
                await self._rate_limiter.refused(chat, wait.total_seconds())
            raise TryLater(TOLD_TO_WAIT, wait) from error
        except BadRequest as error:
            # BadRequest is a NetworkError by inheritance, but trying again would never help.
            raise _refusal(error) from error
        except NetworkError as error:
            raise TryLater(error.message) from error
        except TelegramError as error:
            raise TryLater(f"{type(error).__name__}: {error.message}") from error

    async def _do(self, chat: int, step: Step, admission: _Admission) -> int | None:
        """Do one step; Telegram's own errors pass through."""
        match step:
            case Answer():
                await self._answer(step, admission)
            case Edit() | Send():
                return await self._show(chat, step, admission)
            case Delete():
                await self._delete(chat, step, admission)
            case SendQr():
                async with self._permit(admission, chat):
                    with self._patience.in_chat(chat) as seconds:
                        timeout: Any = BaseRequest.DEFAULT_NONE if seconds is None else seconds
                        picture = _qr(step.link)
                        await self._bot.send_photo(
                            chat,
                            picture,
                            caption=step.caption,
                            parse_mode=ParseMode.HTML,
                            read_timeout=timeout,
                        )
            case SetMenu():
                commands = [BotCommand(name, description) for name, description in step.commands]
                async with self._permit(admission):
                    await self._bot.set_my_commands(commands, scope=BotCommandScopeChat(chat))
        return None

    def _permit(
        self, admission: _Admission, chat: int | None = None
    ) -> AbstractAsyncContextManager[None]:
        """Wait for the turn of one request; ``chat`` is where people see it, None where they do not."""
        if self._rate_limiter is None:
            return nullcontext()
        if chat is not None and admission.permit is not None and not admission.permit.spent:
            return self._rate_limiter.using(admission.permit)
        return self._rate_limiter.permit(admission.urgency, chat)

    async def _answer(self, step: Answer, admission: _Admission) -> None:
        """Answer a tap; one too old to be answered needs no answer."""
        text = step.text and textwrap.shorten(step.text, _TOAST_LIMIT, placeholder="…")
        try:
            async with self._permit(admission):
                await call(
                    self._bot,
                    "answerCallbackQuery",
                    {"callback_query_id": step.query_id, "text": text, "show_alert": step.alert},
                )
        except BadRequest as error:
            log.info("tap not answered: %s", error.message)

    async def _show(self, chat: int, step: Edit | Send, admission: _Admission) -> int | None:
        """Show a screen with the richest text the server can parse: a text of ours that is wrong is better told plainly than never."""
        *richer, plainest = _forms(step.screen.text, times=self._parses_times)
        for text in richer:
            try:
                return await self._show_text(chat, step, text, admission)
            except BadRequest as error:
                if _UNPARSED not in error.message.lower():
                    raise
                log.warning("a text cannot be parsed and is told more plainly: %s", error.message)
                self._parses_times = self._parses_times and "tg-time" not in error.message
        return await self._show_text(chat, step, plainest, admission)

    async def _show_text(
        self, chat: int, step: Edit | Send, text: str, admission: _Admission
    ) -> int | None:
        """Show a screen with this text."""
        shown = replace(step, screen=replace(step.screen, text=text))
        if isinstance(shown, Edit):
            return await self._edit(chat, shown, admission)
        return await self._send(chat, shown.screen, admission, shown.reply_to)

    async def _edit(self, chat: int, step: Edit, admission: _Admission) -> int | None:
        """Show a screen on a message, or on a new one where that is gone."""
        digest = step.screen.digest
        if (await self._shown(chat, step.message_id) or step.before) == digest:
            return step.message_id
        try:
            async with self._permit(admission, chat):
                await self._call(
                    chat,
                    "editMessageText",
                    {"message_id": step.message_id, **_as_told(step.screen)},
                )
        except BadRequest as error:
            reason = error.message.lower()
            if any(told in reason for told in _NOT_THERE):
                return None if step.only else await self._send(chat, step.screen, admission)
            # Somebody was quicker with the very same screen: before a crash, that was us.
            if "message is not modified" not in reason:
                raise
        await self._remember(chat, step.message_id, digest)
        return step.message_id

    async def _send(
        self, chat: int, screen: Screen, admission: _Admission, reply_to: int | None = None
    ) -> int:
        """Show a screen on a new message."""
        async with self._permit(admission, chat):
            answered = (
                {"message_id": reply_to, "allow_sending_without_reply": True} if reply_to else None
            )
            sent = await self._call(
                chat, "sendMessage", {"reply_parameters": answered, **_as_told(screen)}
            )
        number = _number_of(sent)
        await self._remember(chat, number, screen.digest)
        return number

    async def _call(self, chat: int, method: str, parameters: dict[str, object]) -> object:
        """Call a method that shows something in a chat, with as much patience as the chat needs."""
        with self._patience.in_chat(chat) as seconds:
            return await call(
                self._bot, method, {"chat_id": chat, **parameters}, read_timeout=seconds
            )

    async def _delete(self, chat: int, step: Delete, admission: _Admission) -> None:
        """Take a message away; one that is gone, or too old to be taken away, stays as it is."""
        with suppress(DatabaseAway):
            await self._shown_messages.forget(chat, step.message_id)
        try:
            async with self._permit(admission):
                await self._bot.delete_message(chat, step.message_id)
        except BadRequest as error:
            log.info("message not deleted: %s", error.message)

    async def _shown(self, chat: int, message: int) -> str | None:
        """Return the digest of what a message shows, None where nobody knows: then it is edited once too often."""
        with suppress(DatabaseAway):
            return await self._shown_messages.shown(chat, message)
        return None

    async def _remember(self, chat: int, message: int, digest: str) -> None:
        """Note what a message shows now."""
        with suppress(DatabaseAway):
            await self._shown_messages.show(chat, message, digest)


def _number_of(sent: object) -> int:
    """Return the number of a message that was sent; raises NetworkError where the answer is no message, so that it is sent again."""
    number = sent.get("message_id") if isinstance(sent, dict) else None
    if not isinstance(number, int):
        raise NetworkError("an answer that is no message")
    return number


def _forms(text: str, *, times: bool) -> list[str]:
    """Return a text in HTML, the same without the entities of times (Bot API 9.5), and without any entity; each where it differs."""
    timeless = _TIME_TAG.sub("", text)
    plain = html.escape(Screen(text).plain, quote=False)
    return list(dict.fromkeys(([text] if times else []) + [timeless, plain]))


def _refusal(error: BadRequest) -> Exception:
    """Return what a 400 means for the one who is written to."""
    if any(told in error.message.lower() for told in _NOBODY):
        return Unreachable(error.message)
    return Undeliverable(error.message)


def _as_timedelta(error: RetryAfter) -> timedelta:
    """Return how long Telegram asked us to wait, whichever way the library tells it."""
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)


def _as_told(screen: Screen) -> dict[str, object]:
    """Return a screen as the parameters of a message."""
    rows = [[_button(each) for each in row] for row in screen.rows]
    markup = {"inline_keyboard": rows} if rows else None
    return {
        "text": screen.text,
        "parse_mode": ParseMode.HTML,
        "reply_markup": markup,
        "link_preview_options": _NO_PREVIEW,
    }


def _button(button: Button) -> dict[str, str]:
    """Return a button as Telegram wants it."""
    target = {"callback_data": button.data} if button.data else {"url": button.url or ""}
    return {"text": button.label, **target}


def _qr(link: str) -> bytes:
    """Return a picture of a link, as PNG."""
    import segno  # noqa: PLC0415  (few ask for a picture, and all would wait for this at the start)

    picture = io.BytesIO()
    segno.make(link, error="m").save(picture, kind="png", scale=12, border=4)
    return picture.getvalue()
