"""The composition root: everything is put together here, and nowhere else."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from telegram import BotCommand
from telegram.error import TelegramError
from telegram.ext import Application, ApplicationBuilder, ContextTypes, ExtBot

from bot.clock import Clock, system_clock
from bot.context import Context, Services
from bot.conversations.agenda import agenda_flow
from bot.conversations.booking import booking_flow
from bot.conversations.hours import hours_flow
from bot.conversations.joining import joining_flow
from bot.conversations.settings import settings_flow
from bot.courier import Courier
from bot.delivery import Delivery
from bot.digest import Digest
from bot.handlers.admin import admin_handlers
from bot.handlers.bookings import bookings_handlers
from bot.handlers.elsewhere import first_handlers, last_handlers
from bot.handlers.errors import handler_failed
from bot.handlers.link import link_handlers
from bot.handlers.reservations import reservation_handlers
from bot.handlers.start import start_handlers
from bot.jobs import Jobs
from bot.menus import commands_for
from bot.news import News
from bot.pacing import Pace
from bot.polling import poll, retried
from bot.settings import Settings
from bot.texts import DEFAULT, LANGUAGES, texts_in
from bot.transport import AiohttpRequest
from bot.turns import Turns
from bot.updates import SIDE_BY_SIDE, UnitProcessor
from bot.wakeup import Wakeup, new_scheduler
from storage.database import Database, database_file
from storage.migrate import migrate
from storage.sole_use import sole_use

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


def build(settings: Settings, token: str, *, clock: Clock = system_clock, patience: float = _PATIENCE, pace: Pace | None = None) -> House:
    """Put the bot together; nothing is opened yet, and the database must be migrated.

    ``patience`` is for how many seconds Telegram may be silent when asked something. ``pace`` keeps to Telegram's limits; the simulated one
    needs none.
    """
    database, turns, scheduler = Database(settings.database_url), Turns(), new_scheduler()
    wakeup = Wakeup(scheduler, clock)
    processor = UnitProcessor(database, turns, clock, wakeup)
    application = _application(settings, token, processor, patience)
    news = News(settings.policy, ZoneInfo(settings.time_zone))
    courier = Courier(database, Delivery(application.bot, pace), news, turns, clock)
    processor.courier = courier
    digest = Digest(database, settings.admin_ids, clock)
    jobs = Jobs(database, courier, wakeup, digest, settings.policy, clock, heartbeat=heartbeat_file(settings))
    return House(clock, application, database, processor, courier, wakeup, scheduler, jobs)


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
) -> None:
    """Run the bot by long polling until cancelled; raises InvalidToken where the token is refused.

    ``patience`` and ``pace`` are those of ``build``. ``ready`` is called once Telegram has been greeted, before the first update is
    fetched.
    """
    async with (
        _ready(settings.database_url),
        opened(build(settings, token, clock=clock, patience=patience, pace=pace), settings) as house,
    ):
        log.info("@%s is at work, on SQLite %s", house.application.bot.username, await house.database.sqlite_version())
        await _introduce(house.application)
        house.scheduler.start()
        try:
            await house.jobs.start(house.scheduler)
            if ready is not None:
                await ready(house)
            await poll(house.application)
        finally:
            house.scheduler.shutdown(wait=False)
            await house.jobs.stop()


@asynccontextmanager
async def _ready(url: str) -> AsyncIterator[None]:
    """Have the database to this process alone where it bears one only, and brought up to date, for a block."""
    async with sole_use(url):
        await migrate(url)
        yield


def heartbeat_file(settings: Settings) -> Path | None:
    """Return the file that is touched at every sweep, beside the database."""
    file = database_file(settings.database_url)
    return file.with_name(f"{file.name}.heartbeat") if file else None


def _application(settings: Settings, token: str, processor: UnitProcessor, patience: float) -> BotApplication:
    """Return python-telegram-bot's application with our transport, our context and our handlers."""
    application = (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{settings.telegram_api_url}/bot")
        .base_file_url(f"{settings.telegram_api_url}/file/bot")
        .request(AiohttpRequest(connections=SIDE_BY_SIDE + _SPARE_CONNECTIONS, read_timeout=patience))
        .get_updates_request(AiohttpRequest(connections=4, read_timeout=patience))
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
