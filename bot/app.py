"""The composition root: the only module that assembles the bot from its parts."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from telegram.ext import Application, ApplicationBuilder, ContextTypes, ExtBot

from bot.clock import Clock, system_clock
from bot.dialogue.context import Context, HandlerSettings
from bot.features.fallback.errors import handler_failed
from bot.features.handlers import all_handlers
from bot.host import HOST, Host
from bot.http.server import HttpServer
from bot.jobs.due_jobs import Jobs
from bot.notifications.admin_summary import AdminSummary
from bot.notifications.render import NotificationRenderer
from bot.observability.health import (
    database_check,
    delivery_check,
    migrations_check,
    polling_check,
    updates_check,
    webhook_check,
)
from bot.observability.heartbeat import Heartbeat
from bot.observability.instrumented import BacklogGauge, InstrumentedDatabase
from bot.observability.metrics import Metrics
from bot.outbox.message_sender import MessageSender
from bot.outbox.rate_limiter import RateLimiter
from bot.outbox.read_timeouts import ReadTimeouts
from bot.outbox.relay import Relay
from bot.outbox.shared_state import ShownMessages
from bot.outbox.shown_messages import LocalShownMessages
from bot.runtime.alarm import Alarm, new_scheduler
from bot.runtime.chat_locks import ChatLocks
from bot.runtime.clock_guard import ClockGuard
from bot.runtime.membership import Membership
from bot.settings import Settings
from bot.telegram.transport import AiohttpRequest
from bot.updates.polling import retry_until_answered
from bot.updates.processor import MAX_CONCURRENT_UPDATES, UpdateProcessor
from bot.updates.receiver import Receiver
from bot.updates.reply import Replies
from bot.updates.webhook import Webhook
from storage.cluster.factory import membership_on, shared_rate_limit_on
from storage.cluster.process_lock import process_lock
from storage.cluster.shared_rate_limit import SharedRateLimit
from storage.database import Database
from storage.maintenance.migrate import is_compatible, migrate

log = logging.getLogger(__name__)

SPARE_CONNECTIONS = 36
"""How many connections to Telegram there are beyond one for each concurrent update."""
_POLLING_CONNECTIONS = 2
_READ_TIMEOUT, _MAX_READ_TIMEOUT = 10.0, 120.0

BotApplication = Application[
    ExtBot[None], Context, dict[Any, Any], dict[Any, Any], dict[Any, Any], None
]


@dataclass(frozen=True, slots=True)
class App:
    """The assembled bot."""

    clock: Clock
    application: BotApplication
    polling_request: AiohttpRequest
    database: Database
    membership: Membership
    shared_rate_limit: SharedRateLimit | None
    rate_limiter: RateLimiter | None
    processor: UpdateProcessor
    replies: Replies
    relay: Relay
    alarm: Alarm
    scheduler: AsyncIOScheduler
    jobs: Jobs
    receiver: Receiver
    heartbeat: Heartbeat
    metrics: Metrics
    http: HttpServer

    def abort(self) -> None:
        """Drop every answer and delivery in progress; what was committed is in the outbox."""
        self.replies.abort()
        self.relay.abort()


def build(
    settings: Settings,
    token: str,
    *,
    clock: Clock = system_clock,
    read_timeout: float = _READ_TIMEOUT,
    max_read_timeout: float = _MAX_READ_TIMEOUT,
    rate_limiter: RateLimiter | None = None,
    host: Host = HOST,
) -> App:
    """Assemble the bot without opening anything; the database must be migrated.

    ``read_timeout`` is how many seconds to wait for Telegram's response, and
    ``max_read_timeout`` how many in a chat where an earlier request timed out.
    ``rate_limiter`` keeps the bot within Telegram's limits; the simulator needs none.
    ``clock`` is the bot's time, which the demo moves; ``host`` has the machine's.
    """
    membership = _membership(settings.database_url, host)
    shared = shared_rate_limit_on(settings.database_url)
    database = Database(settings.database_url, replica=membership.number, connect=host.connect)
    scheduler, metrics = new_scheduler(host.scheduler_zone), Metrics()
    instrumented = InstrumentedDatabase(database, metrics)
    chat_locks, alarm = ChatLocks(membership), Alarm(scheduler, clock, host.clock)
    new_request = partial(
        AiohttpRequest,
        read_timeout=read_timeout,
        on_request=metrics.request_ended,
        open_session=host.open_session,
    )
    polling_request = new_request(connections=_POLLING_CONNECTIONS)
    application = _application(
        settings,
        token,
        new_request(connections=MAX_CONCURRENT_UPDATES + SPARE_CONNECTIONS),
        polling_request,
    )
    sender = MessageSender(
        application.bot,
        shared or _shown_messages(host),
        rate_limiter,
        ReadTimeouts(read_timeout, max_read_timeout),
    )
    renderer = NotificationRenderer(
        settings.policy, ZoneInfo(settings.time_zone), settings.admin_ids
    )
    relay = Relay(
        instrumented, sender, renderer, chat_locks, clock, alarm, metrics, settings.admin_ids
    )
    processor = UpdateProcessor(
        application, instrumented, relay, clock, alarm, metrics, settings.admin_ids
    )
    replies = Replies(relay)
    receiver = Receiver(application.bot, chat_locks, processor, replies, metrics)
    admin_summary = AdminSummary(instrumented, settings.admin_ids, clock)
    jobs = Jobs(
        instrumented,
        relay,
        membership,
        alarm,
        admin_summary,
        settings.policy,
        clock,
        heartbeat_file=settings.heartbeat_file,
        guard=ClockGuard(wall=host.clock, monotonic=host.monotonic, interval=host.clock_check),
        sweep=host.sweep,
    )
    webhook, heartbeat = _webhook(settings, receiver), Heartbeat()
    checks = (
        database_check(database, clock),
        migrations_check(lambda: database.read(is_compatible)),
        updates_check(lambda: receiver.oldest_age),
        delivery_check(lambda: relay.idle_seconds, lambda: relay.pause),
        webhook_check(lambda: webhook.registered or not membership.is_leader)
        if webhook
        else polling_check(heartbeat, lambda: membership.is_leader),
    )
    http = HttpServer(
        settings.listen, checks, jobs, metrics, BacklogGauge(database, metrics, clock), webhook
    )
    return App(
        clock=clock,
        application=application,
        polling_request=polling_request,
        database=database,
        membership=membership,
        shared_rate_limit=shared,
        rate_limiter=rate_limiter,
        processor=processor,
        replies=replies,
        relay=relay,
        alarm=alarm,
        scheduler=scheduler,
        jobs=jobs,
        receiver=receiver,
        heartbeat=heartbeat,
        metrics=metrics,
        http=http,
    )


@asynccontextmanager
async def opened(app: App, settings: Settings, *, host: Host = HOST) -> AsyncIterator[App]:
    """Connect to Telegram for a block; raise InvalidToken if it rejects the token."""
    try:
        await app.membership.join()
        if app.rate_limiter is not None and app.shared_rate_limit is not None:
            await app.rate_limiter.share(app.shared_rate_limit)
        await retry_until_answered(app.application.initialize)
        app.application.bot_data["services"] = _services(settings, app.application, host)
        yield app
    finally:
        await asyncio.gather(app.replies.shutdown(), app.relay.shutdown())
        await app.application.shutdown()
        # Shutting down an application that was never initialized does not close its bot.
        await app.application.bot.shutdown()
        await app.membership.leave()
        if app.rate_limiter is not None:
            await app.rate_limiter.close()
        if app.shared_rate_limit is not None:
            await app.shared_rate_limit.close()
        await app.database.close()


@asynccontextmanager
async def prepared(url: str, *, host: Host = HOST) -> AsyncIterator[None]:
    """Hold the process lock of a SQLite file for a block, and migrate the database first.

    Raises what ``process_lock`` and ``migrate`` raise.
    """
    lock = process_lock(url) if host.replicas is None else nullcontext()
    async with lock:
        await migrate(url, connect=host.connect)
        yield


def _membership(url: str, host: Host) -> Membership:
    """Return the membership of this process among those that use a database."""
    number = host.new_replica_number()
    return membership_on(url, number) if host.replicas is None else host.replicas.membership(number)


def _shown_messages(host: Host) -> ShownMessages:
    """Return where to remember what messages show, if the database is not shared."""
    return LocalShownMessages() if host.replicas is None else host.replicas.shown_messages


def _webhook(settings: Settings, receiver: Receiver) -> Webhook | None:
    """Return the webhook, or None if no address is set for one."""
    if settings.webhook_path is None or settings.webhook_secret is None:
        return None
    return Webhook(settings.webhook_path, settings.webhook_secret.get_secret_value(), receiver)


def _application(
    settings: Settings, token: str, request: AiohttpRequest, polling_request: AiohttpRequest
) -> BotApplication:
    """Return python-telegram-bot's application with our transport, context and handlers."""
    application = (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{settings.telegram_api_url}/bot")
        .base_file_url(f"{settings.telegram_api_url}/file/bot")
        .request(request)
        .get_updates_request(polling_request)
        .context_types(ContextTypes(context=Context))
        .job_queue(None)
        .updater(None)
        .build()
    )
    application.add_handlers(all_handlers())
    application.add_error_handler(handler_failed)
    return application


def _services(settings: Settings, application: BotApplication, host: Host) -> HandlerSettings:
    """Return the configuration that handlers need."""
    return HandlerSettings(
        settings.policy,
        ZoneInfo(settings.time_zone),
        settings.admin_ids,
        application.bot.username,
        host.new_code,
    )
