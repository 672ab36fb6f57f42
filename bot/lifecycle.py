"""How the bot runs: it serves, greets Telegram, does what is due, and receives updates; of several replicas, one does what only one may."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from telegram import BotCommand
from telegram.error import TelegramError

from bot.app import App, BotApplication, build, opened, prepared
from bot.clock import Clock, system_clock
from bot.http.server import CannotListen
from bot.observability.watchdog import watched
from bot.outbox.rate_limiter import RateLimiter
from bot.ports import Membership
from bot.settings import Settings
from bot.ui.commands import commands_for
from bot.ui.texts import DEFAULT, LANGUAGES, texts_in
from bot.updates.polling import poll
from bot.updates.webhook import Webhook

log = logging.getLogger(__name__)

_PATIENCE = 10.0


async def run(
    settings: Settings,
    token: str,
    *,
    clock: Clock = system_clock,
    patience: float = _PATIENCE,
    rate_limiter: RateLimiter | None = None,
    ready: Callable[[App], Awaitable[None]] | None = None,
    serve: bool = True,
) -> None:
    """Run the bot, by a webhook where there is an address for it and by long polling else, until cancelled.

    ``patience`` and ``rate_limiter`` are those of ``build``. ``ready`` is called once Telegram has been greeted, before the first update is
    taken. Where nobody is to ``serve``, the bot has no HTTP side.

    Raises:
        InvalidToken: the token is refused.
        CannotListen, WebhookRefused: see there.
    """
    app = build(settings, token, clock=clock, patience=patience, rate_limiter=rate_limiter)
    # The HTTP side is there before Telegram is greeted, and until the last answer has arrived.
    async with (
        watched(),
        prepared(settings.database_url),
        _served(app, settings, serve=serve),
        opened(app, settings),
    ):
        log.info(
            "@%s is at work, on %s", app.application.bot.username, await app.database.version()
        )
        app.scheduler.start()
        try:
            await app.jobs.start(app.scheduler)
            if ready is not None:
                await ready(app)
            await _until_cancelled(app, _receive(app, settings))
        finally:
            app.scheduler.shutdown(wait=False)
            await app.jobs.stop()


@asynccontextmanager
async def _served(app: App, settings: Settings, *, serve: bool) -> AsyncIterator[None]:
    """Have the HTTP side there for a block; raises CannotListen, unless nobody has asked for it."""
    async with AsyncExitStack() as stack:
        try:
            if serve:
                await stack.enter_async_context(app.http.serving())
        except CannotListen as error:
            if settings.listen_is_set:
                raise
            log.warning("%s The bot goes on without its HTTP side.", error)
        yield


async def _until_cancelled(app: App, receiving: Coroutine[Any, Any, None]) -> None:
    """Receive updates; when cancelled, say so at once, and then let what is in hand be committed."""
    task = asyncio.create_task(receiving)
    try:
        await asyncio.wait({task})
        task.result()
    finally:
        app.http.drain()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _receive(app: App, settings: Settings) -> None:
    """Receive updates for as long as nothing is wrong: posted ones wherever we run, those that are fetched where we lead."""
    webhook = app.http.webhook
    if webhook is None or settings.webhook_url is None:
        return await _lead(app.membership, lambda: _fetch(app))
    url = settings.webhook_url
    try:
        # Telegram may know the address from an earlier run, or from another replica.
        webhook.open()
        await _lead(app.membership, lambda: _register(app, webhook, url))
    finally:
        await webhook.drained()


async def _lead(membership: Membership, duties: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do what only one replica may do, whenever this is the one, until cancelled."""
    while True:
        await membership.wait_until_leader()
        doing, deposed = (
            asyncio.create_task(duties()),
            asyncio.create_task(membership.wait_until_follower()),
        )
        try:
            await asyncio.wait({doing, deposed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (doing, deposed):
                task.cancel()
            await asyncio.wait({doing, deposed})
        if not doing.cancelled():
            doing.result()


async def _fetch(app: App) -> None:
    """Fetch updates until cancelled."""
    async with _introduced(app.application):
        await poll(app.application, app.line, app.receiver, app.pulse)


async def _register(app: App, webhook: Webhook, url: str) -> None:
    """Have Telegram post updates to us, and stay the one who sees to that until cancelled."""
    async with _introduced(app.application):
        await webhook.register(app.application.bot, url)
        await webhook.stay_registered(app.application.bot, url)


@asynccontextmanager
async def _introduced(application: BotApplication) -> AsyncIterator[None]:
    """Have the bot introduced during a block: nobody waits for an answer meanwhile."""
    introducing = asyncio.create_task(_introduce(application))
    try:
        yield
    finally:
        introducing.cancel()
        await asyncio.gather(introducing, return_exceptions=True)


async def _introduce(application: BotApplication) -> None:
    """Say in every language what the bot is for, and give everybody the menu of a client; roles get theirs with their first /start."""
    for language in LANGUAGES:
        t, code = texts_in(language), None if language == DEFAULT else language
        commands = [
            BotCommand(name, text) for name, text in commands_for(t, provider=False, admin=False)
        ]
        try:
            await application.bot.set_my_commands(commands, language_code=code)
            await application.bot.set_my_description(t.plain("bot.description"), language_code=code)
            await application.bot.set_my_short_description(
                t.plain("bot.description"), language_code=code
            )
        except TelegramError as error:
            log.warning("menu and description could not be set: %s", error)
