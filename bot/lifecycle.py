"""Runs the bot: serves HTTP, connects to Telegram, runs due jobs and receives updates.

With several replicas, only the leader polls or registers the webhook.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from typing import Any

from telegram import BotCommand
from telegram.error import TelegramError

from bot.app import App, BotApplication, build, opened, prepared
from bot.clock import Clock, system_clock
from bot.host import HOST, Host
from bot.http.server import CannotListen
from bot.observability.watchdog import watched
from bot.outbox.rate_limiter import RateLimiter
from bot.runtime.membership import Membership
from bot.settings import Settings
from bot.ui.command_menu import Roles, commands_for
from bot.ui.texts import DEFAULT, LANGUAGES, texts_in
from bot.updates.polling import POLL_SECONDS, poll
from bot.updates.webhook import Webhook

log = logging.getLogger(__name__)

_READ_TIMEOUT = 10.0


async def run(
    settings: Settings,
    token: str,
    *,
    clock: Clock = system_clock,
    read_timeout: float = _READ_TIMEOUT,
    poll_seconds: int = POLL_SECONDS,
    rate_limiter: RateLimiter | None = None,
    ready: Callable[[App], Awaitable[None]] | None = None,
    serve: bool = True,
    host: Host = HOST,
) -> None:
    """Run the bot until cancelled, by webhook if an address is set and by long polling otherwise.

    ``read_timeout`` and ``rate_limiter`` are passed to ``build``, ``poll_seconds`` to ``poll``.
    ``ready`` is called after the bot has connected to Telegram and before it takes the first
    update. With ``serve=False`` there is no HTTP server. ``host`` is the machine.

    Raises:
        InvalidToken: Telegram rejects the token.
        CannotListen, WebhookRefused: see these classes.
    """
    app = build(
        settings,
        token,
        clock=clock,
        read_timeout=read_timeout,
        rate_limiter=rate_limiter,
        host=host,
    )
    # The HTTP server starts first and stops last, so that probes get answers in between.
    async with (
        watched() if host.has_threads else nullcontext(),
        prepared(settings.database_url, host=host),
        _served(app, settings, serve=serve),
        opened(app, settings, host=host),
    ):
        log.info("@%s is running on %s", app.application.bot.username, await app.database.version())
        app.scheduler.start()
        try:
            await app.jobs.start(app.scheduler)
            if ready is not None:
                await ready(app)
            await _until_cancelled(app, _receive(app, settings, poll_seconds))
        finally:
            app.scheduler.shutdown(wait=False)
            await app.jobs.stop()


@asynccontextmanager
async def _served(app: App, settings: Settings, *, serve: bool) -> AsyncIterator[None]:
    """Serve HTTP for a block; raise CannotListen if the configuration relies on the server."""
    async with AsyncExitStack() as stack:
        try:
            if serve:
                await stack.enter_async_context(app.http.serving())
        except CannotListen as error:
            if settings.listen_is_set:
                raise
            log.warning("%s The bot continues without its HTTP server.", error)
        yield


async def _until_cancelled(app: App, receiving: Coroutine[Any, Any, None]) -> None:
    """Receive updates; when cancelled, drain HTTP at once and let updates in progress commit."""
    task = asyncio.create_task(receiving)
    try:
        await asyncio.wait({task})
        task.result()
    finally:
        app.http.drain()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _receive(app: App, settings: Settings, poll_seconds: int) -> None:
    """Receive updates: every replica accepts posted ones, the leader alone polls."""
    webhook = app.http.webhook
    if webhook is None or settings.webhook_url is None:
        return await _lead(app.membership, lambda: _poll(app, poll_seconds))
    url = settings.webhook_url
    try:
        # Telegram may already post here, because of an earlier run or another replica.
        webhook.open()
        await _lead(app.membership, lambda: _register(app, webhook, url))
    finally:
        await webhook.drain()


async def _lead(membership: Membership, duties: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``duties`` whenever this replica is the leader, until cancelled."""
    while True:
        await membership.wait_until_leader()
        doing = asyncio.create_task(duties())
        deposed = asyncio.create_task(membership.wait_until_follower())
        try:
            await asyncio.wait({doing, deposed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (doing, deposed):
                task.cancel()
            await asyncio.wait({doing, deposed})
        if not doing.cancelled():
            doing.result()


async def _poll(app: App, poll_seconds: int) -> None:
    """Poll for updates until cancelled."""
    async with _publishing_profile(app.application):
        await poll(
            app.application,
            app.polling_request,
            app.receiver,
            app.heartbeat,
            poll_seconds=poll_seconds,
        )


async def _register(app: App, webhook: Webhook, url: str) -> None:
    """Register the webhook, and register it again if Telegram forgets it, until cancelled."""
    async with _publishing_profile(app.application):
        await webhook.register(app.application.bot, url)
        await webhook.stay_registered(app.application.bot, url)


@asynccontextmanager
async def _publishing_profile(application: BotApplication) -> AsyncIterator[None]:
    """Publish menus and descriptions in the background of a block; no update waits for this."""
    publishing = asyncio.create_task(_publish_profile(application))
    try:
        yield
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)


async def _publish_profile(application: BotApplication) -> None:
    """Publish the description and the client's menu in every language.

    Providers and admins get their menus with their first /start.
    """
    for language in LANGUAGES:
        t, code = texts_in(language), None if language == DEFAULT else language
        commands = [BotCommand(name, text) for name, text in commands_for(t, Roles())]
        try:
            await application.bot.set_my_commands(commands, language_code=code)
            await application.bot.set_my_description(t.plain("bot.description"), language_code=code)
            await application.bot.set_my_short_description(
                t.plain("bot.description"), language_code=code
            )
        except TelegramError as error:
            log.warning("cannot set the command menu and description: %s", error)
