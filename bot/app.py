"""The composition root: everything is put together here, and nowhere else."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
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
from bot.handlers.admin import admin_handlers
from bot.handlers.bookings import bookings_handlers
from bot.handlers.elsewhere import first_handlers, last_handlers
from bot.handlers.errors import handler_failed
from bot.handlers.link import link_handlers
from bot.handlers.reservations import reservation_handlers
from bot.handlers.start import start_handlers
from bot.jobs import Jobs
from bot.memory import OwnMemory
from bot.menus import commands_for
from bot.news import News
from bot.pacing import Pace
from bot.polling import poll, retried
from bot.settings import Settings
from bot.storehouse import Presence
from bot.texts import DEFAULT, LANGUAGES, texts_in
from bot.transport import AiohttpRequest
from bot.turns import Turns
from bot.updates import SIDE_BY_SIDE, UnitProcessor
from bot.wakeup import Wakeup, new_scheduler
from storage.database import Database, database_file
from storage.migrate import migrate
from storage.presence import presence_on, telling_on
from storage.telling import Telling

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
    presence: Presence
    telling: Telling | None
    pace: Pace | None
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
    presence, telling = presence_on(settings.database_url), telling_on(settings.database_url)
    database, turns, scheduler = Database(settings.database_url, replica=presence.number), Turns(presence), new_scheduler()
    wakeup = Wakeup(scheduler, clock)
    processor = UnitProcessor(database, turns, clock, wakeup)
    application = _application(settings, token, processor, patience)
    news = News(settings.policy, ZoneInfo(settings.time_zone))
    courier = Courier(database, Delivery(application.bot, telling or OwnMemory(), pace), news, turns, clock, wakeup)
    processor.courier = courier
    jobs = Jobs(database, courier, presence, wakeup, settings.policy, clock, heartbeat=heartbeat_file(settings))
    return House(clock, application, database, presence, telling, pace, processor, courier, wakeup, scheduler, jobs)


@asynccontextmanager
async def opened(house: House, settings: Settings) -> AsyncIterator[House]:
    """Greet Telegram and have the bot ready for updates for a block; raises InvalidToken where the token is refused."""
    try:
        await house.presence.join()
        if house.pace is not None and house.telling is not None:
            await house.pace.share(house.telling)
        await retried(house.application.initialize)
        house.application.bot_data["services"] = _services(settings, house.application)
        yield house
    finally:
        await asyncio.gather(house.processor.shutdown(), house.courier.shutdown())
        await house.application.shutdown()
        # An application that never got ready leaves its bot's connections open.
        await house.application.bot.shutdown()
        await house.presence.leave()
        if house.telling is not None:
            await house.telling.close()
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
    await migrate(settings.database_url)
    async with opened(build(settings, token, clock=clock, patience=patience, pace=pace), settings) as house:
        log.info("@%s is at work, on %s", house.application.bot.username, await house.database.version())
        await _introduce(house.application)
        house.scheduler.start()
        try:
            await house.jobs.start(house.scheduler)
            if ready is not None:
                await ready(house)
            await _lead(house.presence, lambda: poll(house.application))
        finally:
            house.scheduler.shutdown(wait=False)
            await house.jobs.stop()


async def _lead(presence: Presence, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do what only one replica may do, whenever this is the one, until cancelled."""
    while True:
        await presence.leads()
        doing, deposed = asyncio.create_task(work()), asyncio.create_task(presence.follows())
        try:
            await asyncio.wait({doing, deposed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (doing, deposed):
                task.cancel()
            await asyncio.wait({doing, deposed})
        if not doing.cancelled():
            await doing


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
