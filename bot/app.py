"""The composition root: everything is put together here, and nowhere else."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from telegram import BotCommand
from telegram.error import TelegramError
from telegram.ext import Application, ApplicationBuilder, ContextTypes, ExtBot

from bot.checks import database_check, migrations_check, polling_check, webhook_check
from bot.clock import Clock, system_clock
from bot.context import Context, Services
from bot.conversations.agenda import agenda_flow
from bot.conversations.booking import booking_flow
from bot.conversations.hours import hours_flow
from bot.conversations.joining import joining_flow
from bot.conversations.settings import settings_flow
from bot.courier import Courier
from bot.delivery import Delivery
from bot.handlers.admin import admin_handlers
from bot.handlers.bookings import bookings_handlers
from bot.handlers.elsewhere import first_handlers, last_handlers
from bot.handlers.errors import handler_failed
from bot.handlers.link import link_handlers
from bot.handlers.reservations import reservation_handlers
from bot.handlers.start import start_handlers
from bot.intake import Intake
from bot.jobs import Jobs
from bot.measured import BacklogGauge, MeasuredStorehouse
from bot.menus import commands_for
from bot.metrics import Metrics
from bot.news import News
from bot.pacing import Pace
from bot.polling import poll, retried
from bot.pulse import Pulse
from bot.settings import Settings
from bot.texts import DEFAULT, LANGUAGES, texts_in
from bot.transport import AiohttpRequest
from bot.turns import Turns
from bot.updates import SIDE_BY_SIDE, UnitProcessor
from bot.wakeup import Wakeup, new_scheduler
from bot.web import CannotListen, HttpSide
from bot.webhook import Webhook
from storage.database import Database, database_file
from storage.migrate import is_current, migrate

log = logging.getLogger(__name__)

_SPARE_CONNECTIONS = 36
_PATIENCE = 10.0

BotApplication = Application[ExtBot[None], Context, dict[Any, Any], dict[Any, Any], dict[Any, Any], None]


@dataclass(frozen=True, slots=True)
class House:
    """The bot, put together."""

    clock: Clock
    application: BotApplication
    database: Database
    processor: UnitProcessor
    courier: Courier
    wakeup: Wakeup
    scheduler: AsyncIOScheduler
    jobs: Jobs
    intake: Intake
    pulse: Pulse
    metrics: Metrics
    http: HttpSide


def build(settings: Settings, token: str, *, clock: Clock = system_clock, patience: float = _PATIENCE, pace: Pace | None = None) -> House:
    """Put the bot together; nothing is opened yet, and the database must be migrated.

    ``patience`` is for how many seconds Telegram may be silent when asked something. ``pace`` keeps to Telegram's limits; the simulated one
    needs none.
    """
    database, turns, scheduler, metrics = Database(settings.database_url), Turns(), new_scheduler(), Metrics()
    storehouse, wakeup = MeasuredStorehouse(database, metrics), Wakeup(scheduler, clock)
    processor = UnitProcessor(storehouse, turns, clock, wakeup, metrics)
    application = _application(settings, token, processor, patience, metrics)
    news = News(settings.policy, ZoneInfo(settings.time_zone))
    courier = Courier(storehouse, Delivery(application.bot, pace), news, turns, clock, metrics)
    processor.courier = courier
    jobs = Jobs(storehouse, courier, wakeup, settings.policy, clock, heartbeat=heartbeat_file(settings))
    intake, pulse = Intake(application), Pulse()
    webhook = _webhook(settings, intake)
    checks = (
        database_check(database),
        migrations_check(lambda: database.read(is_current)),
        webhook_check(lambda: webhook.registered) if webhook else polling_check(pulse),
    )
    http = HttpSide(settings.listen, checks, jobs, metrics, BacklogGauge(database, metrics, clock), webhook)
    return House(clock, application, database, processor, courier, wakeup, scheduler, jobs, intake, pulse, metrics, http)


@asynccontextmanager
async def opened(house: House, settings: Settings) -> AsyncIterator[House]:
    """Greet Telegram and have the bot ready for updates for a block; raises InvalidToken where the token is refused."""
    try:
        await retried(house.application.initialize)
        house.application.bot_data["services"] = _services(settings, house.application)
        yield house
    finally:
        await asyncio.gather(house.processor.shutdown(), house.courier.shutdown())
        await house.application.shutdown()
        # An application that never got ready leaves its bot's connections open.
        await house.application.bot.shutdown()
        await house.database.close()


async def run(
    settings: Settings,
    token: str,
    *,
    clock: Clock = system_clock,
    patience: float = _PATIENCE,
    pace: Pace | None = None,
    ready: Callable[[House], Awaitable[None]] | None = None,
    serve: bool = True,
) -> None:
    """Run the bot, by a webhook where there is an address for it and by long polling else, until cancelled.

    ``patience`` and ``pace`` are those of ``build``. ``ready`` is called once Telegram has been greeted, before the first update is
    taken. Where nobody is to ``serve``, the bot has no HTTP side.

    Raises:
        InvalidToken: the token is refused.
        CannotListen, WebhookRefused: see there.
    """
    await migrate(settings.database_url)
    house = build(settings, token, clock=clock, patience=patience, pace=pace)
    # The HTTP side is there before Telegram is greeted, and until the last answer has arrived.
    async with _served(house, settings, serve=serve), opened(house, settings):
        log.info("@%s is at work, on SQLite %s", house.application.bot.username, await house.database.sqlite_version())
        await _introduce(house.application)
        house.scheduler.start()
        try:
            await house.jobs.start(house.scheduler)
            if ready is not None:
                await ready(house)
            await _until_cancelled(house, _receive(house, settings))
        finally:
            house.scheduler.shutdown(wait=False)
            await house.jobs.stop()


@asynccontextmanager
async def _served(house: House, settings: Settings, *, serve: bool) -> AsyncIterator[None]:
    """Have the HTTP side there for a block; raises CannotListen, unless nobody has asked for it."""
    async with AsyncExitStack() as stack:
        try:
            if serve:
                await stack.enter_async_context(house.http.serving())
        except CannotListen as error:
            if settings.listen_is_set:
                raise
            log.warning("%s The bot goes on without its HTTP side.", error)
        yield


async def _until_cancelled(house: House, receiving: Coroutine[Any, Any, None]) -> None:
    """Receive updates; when cancelled, say so at once, and then let what is in hand be committed."""
    task = asyncio.create_task(receiving)
    try:
        await asyncio.wait({task})
        task.result()
    finally:
        house.http.drain()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _receive(house: House, settings: Settings) -> None:
    """Receive updates for as long as nothing is wrong."""
    webhook = house.http.webhook
    if webhook is None or settings.webhook_url is None:
        return await poll(house.application, house.intake, house.pulse)
    try:
        # Telegram may know the address from an earlier run.
        webhook.open()
        await webhook.register(house.application.bot, settings.webhook_url)
        await asyncio.Event().wait()
    finally:
        await webhook.drained()


def _webhook(settings: Settings, intake: Intake) -> Webhook | None:
    """Return the webhook, where there is an address for one."""
    if settings.webhook_path is None or settings.webhook_secret is None:
        return None
    return Webhook(settings.webhook_path, settings.webhook_secret.get_secret_value(), intake)


def heartbeat_file(settings: Settings) -> Path | None:
    """Return the file that is touched at every sweep, beside the database."""
    file = database_file(settings.database_url)
    return file.with_name(f"{file.name}.heartbeat") if file else None


def _application(settings: Settings, token: str, processor: UnitProcessor, patience: float, metrics: Metrics) -> BotApplication:
    """Return python-telegram-bot's application with our transport, our context and our handlers."""
    application = (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{settings.telegram_api_url}/bot")
        .base_file_url(f"{settings.telegram_api_url}/file/bot")
        .request(AiohttpRequest(connections=SIDE_BY_SIDE + _SPARE_CONNECTIONS, read_timeout=patience, asked=metrics.asked))
        .get_updates_request(AiohttpRequest(connections=4, read_timeout=patience, asked=metrics.asked))
        .concurrent_updates(processor)
        .context_types(ContextTypes(context=Context))
        .job_queue(None)
        .updater(None)
        .build()
    )
    application.add_handlers(
        [
            *first_handlers(),
            joining_flow(),
            booking_flow(),
            hours_flow(),
            agenda_flow(),
            settings_flow(),
            *start_handlers(),
            *admin_handlers(),
            *link_handlers(),
            *bookings_handlers(),
            *reservation_handlers(),
            *last_handlers(),
        ]
    )
    application.add_error_handler(handler_failed)
    return application


def _services(settings: Settings, application: BotApplication) -> Services:
    """Return what the handlers need to know."""
    return Services(settings.policy, ZoneInfo(settings.time_zone), settings.admin_ids, application.bot.username)


async def _introduce(application: BotApplication) -> None:
    """Say in every language what the bot is for, and give everybody the menu of a client; roles get theirs with their first /start."""
    for language in LANGUAGES:
        t, code = texts_in(language), None if language == DEFAULT else language
        commands = [BotCommand(name, text) for name, text in commands_for(t, provider=False, admin=False)]
        try:
            await application.bot.set_my_commands(commands, language_code=code)
            await application.bot.set_my_description(t.plain("bot.description"), language_code=code)
            await application.bot.set_my_short_description(t.plain("bot.description"), language_code=code)
        except TelegramError as error:
            log.warning("menu and description could not be set: %s", error)
