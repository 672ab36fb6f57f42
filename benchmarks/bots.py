"""The compared bots: ``python -m benchmarks.bots whole|stock|ours URL TOKEN [DATABASE]``.

Each runs in its own process. ``whole`` is this bot without the rate limiter, which would otherwise
determine the result. The bare bots make the same API calls without logic and database: ``stock`` is
plain python-telegram-bot, ``ours`` uses our transport.
"""

import asyncio
import cProfile
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from telegram import InlineKeyboardMarkup, LinkPreviewOptions, Update
from telegram.constants import ParseMode
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
)

from benchmarks.screens import AFTER, TEXT, markup
from benchmarks.venue import FIRST_PROVIDER
from bot.lifecycle import run
from bot.logs import configure_logging
from bot.settings import Settings
from bot.telegram.transport import AiohttpRequest
from bot.updates.processor import MAX_CONCURRENT_UPDATES

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_SHOWN: dict[str, Any] = {
    "text": TEXT,
    "parse_mode": ParseMode.HTML,
    "link_preview_options": _NO_PREVIEW,
}


async def whole(url: str, token: str, database: str) -> None:
    """Run this bot."""
    settings = Settings(_env_file=None, telegram_api_url=url, database_url=database)
    configure_logging(settings.log_level, settings.log_format, [token])
    await run(settings, token, serve=False)


def _keyboard(kind: str) -> InlineKeyboardMarkup | None:
    """Return a keyboard of the size that this bot shows, built for each call as in a bot."""
    return InlineKeyboardMarkup.de_json(markup(AFTER[kind]), None)


async def _book(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Answer /book."""
    assert update.effective_chat
    await context.bot.send_message(
        update.effective_chat.id, reply_markup=_keyboard("/book"), **_SHOWN
    )


async def _tap(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Answer a tap and show the next screen; after a confirmation, notify the provider."""
    query = update.callback_query
    assert query
    assert query.data
    kind, number, *_ = query.data.split(":")
    await query.answer()
    await query.edit_message_text(reply_markup=_keyboard(kind), **_SHOWN)
    if kind == "rc":
        await context.bot.send_message(
            FIRST_PROVIDER + int(number), reply_markup=_keyboard("rc"), **_SHOWN
        )


async def bare(url: str, token: str, *, stock: bool) -> None:
    """Run a bare bot."""
    builder = (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{url}/bot")
        .concurrent_updates(MAX_CONCURRENT_UPDATES)
    )
    if not stock:
        builder = builder.request(AiohttpRequest()).get_updates_request(
            AiohttpRequest(connections=4)
        )
    application = builder.build()
    application.add_handlers([CommandHandler("book", _book), CallbackQueryHandler(_tap)])
    async with application:
        await _polling(application)


async def _polling(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    """Poll until cancelled."""
    assert application.updater
    await application.start()
    await application.updater.start_polling(timeout=30)
    try:
        await asyncio.Event().wait()
    finally:
        await application.updater.stop()
        await application.stop()


async def _run_until_signal(bot: Coroutine[Any, Any, None]) -> None:
    """Run a bot until SIGTERM."""
    task = asyncio.ensure_future(bot)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()


BOTS: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
    "whole": whole,
    "stock": lambda url, token: bare(url, token, stock=True),
    "ours": lambda url, token: bare(url, token, stock=False),
}


def main() -> None:
    """Run the named bot; ``BENCHMARK_PROFILE`` names a file for its profile."""
    name, *given = sys.argv[1:]
    profile, file = cProfile.Profile(), os.environ.get("BENCHMARK_PROFILE")
    if file is None:
        asyncio.run(_run_until_signal(BOTS[name](*given)))
        return
    profile.enable()
    try:
        asyncio.run(_run_until_signal(BOTS[name](*given)))
    finally:
        profile.disable()
        profile.dump_stats(file)


if __name__ == "__main__":
    main()
