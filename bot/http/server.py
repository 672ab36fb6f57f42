"""The HTTP server: health, readiness, metrics, and the webhook if there is one."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import web

from bot.http.connections import ConnectionLimits, ConnectionPool, track_requests
from bot.http.listener import Listener
from bot.jobs.due_jobs import Jobs
from bot.observability.health import OK, Check, run_checks
from bot.observability.instrumented import BacklogGauge
from bot.observability.metrics import Metrics
from bot.settings import Address
from bot.updates.webhook import Webhook
from domain.failures import Misconfigured

log = logging.getLogger(__name__)

LARGEST_BODY = 2**20
_SHUTDOWN_SECONDS = 1.0
# The text format that every version of Prometheus can parse.
_METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class CannotListen(Misconfigured):
    """The server cannot listen at ``LISTEN``; the message is one sentence that says why."""


class HttpServer:
    """The HTTP server of one bot.

    ``port`` is the port that it listens on, None while it does not. ``webhook`` is None if the bot
    polls.
    """

    def __init__(
        self,
        listen: Address,
        checks: Sequence[Check],
        jobs: Jobs,
        metrics: Metrics,
        backlog: BacklogGauge,
        webhook: Webhook | None,
        limits: ConnectionLimits | None = None,
    ) -> None:
        self.port: int | None = None
        self.webhook = webhook
        self.draining = False
        self._listen = listen
        self._limits = limits or ConnectionLimits()
        self._checks = checks
        self._jobs = jobs
        self._metrics = metrics
        self._backlog = backlog
        self._failing: dict[str, str] = {}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve for a block; raise CannotListen if the port cannot be opened."""
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            logger=_protocol_log(),
            shutdown_timeout=_SHUTDOWN_SECONDS,
            lingering_time=self._limits.lingering_time,
        )
        await runner.setup()
        assert runner.server is not None  # noqa: S101  (setup creates it)
        pool = ConnectionPool(self._limits)
        listener = Listener(pool, runner.server)
        try:
            await self._open(listener)
            yield
        finally:
            self.port = None
            self._stop_checks()
            await listener.close()
            await runner.cleanup()
            pool.close()

    def drain(self) -> None:
        """Report not ready and accept no more updates, but keep answering requests."""
        self.draining = True
        self._stop_checks()
        if self.webhook:
            self.webhook.close()

    async def _open(self, listener: Listener) -> None:
        """Open the port."""
        try:
            await listener.open(self._listen.host, self._listen.port)
        except OSError as error:
            raise CannotListen(
                f"LISTEN: cannot listen on {self._listen}: {error.strerror or error}."
            ) from error
        self.port = listener.port
        log.info("serving at http://%s", Address(self._listen.host, listener.port or 0))

    def _stop_checks(self) -> None:
        """Abandon checks in progress; the database may be closed soon."""
        for check in self._checks:
            check.stop()

    def _application(self) -> web.Application:
        """Return the routes."""
        application = web.Application(
            client_max_size=LARGEST_BODY, middlewares=[track_requests, _log_errors]
        )
        application.on_response_prepare.append(_set_server_header)
        application.router.add_get("/healthz", self._health)
        application.router.add_get("/readyz", self._readiness)
        application.router.add_get("/metrics", self._serve_metrics)
        if self.webhook:
            # A catch-all route, because the router would treat the path as a pattern.
            application.router.add_route("*", "/{path:.*}", self._serve_webhook)
        return application

    async def _health(self, _request: web.Request) -> web.Response:
        """Answer 200 if the event loop runs and jobs are done in time, else 503."""
        if self._jobs.alive:
            return web.Response(text=OK)
        return web.Response(
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            text="due jobs have not run for a minute",
        )

    async def _readiness(self, _request: web.Request) -> web.Response:
        """Answer 200 if all checks pass, else 503; the body has each check's result."""
        draining = Check("draining", self._drain_status)
        # While draining, the database may already be closed.
        results = await run_checks([draining] if self.draining else [*self._checks, draining])
        ready = all(result == OK for result in results.values())
        self._log_changes(results)
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return web.json_response({"ready": ready, "checks": results}, status=status)

    async def _serve_metrics(self, _request: web.Request) -> web.Response:
        """Answer with all metrics."""
        await self._backlog.refresh()
        return web.Response(
            body=self._metrics.exposition(), headers={"Content-Type": _METRICS_CONTENT_TYPE}
        )

    async def _serve_webhook(self, request: web.Request) -> web.Response:
        """Pass an update to the webhook if the path is the webhook's."""
        if self.webhook is None or request.path != self.webhook.path:
            raise web.HTTPNotFound
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ["POST"])
        return await self.webhook.handle_post(request)

    async def _drain_status(self) -> str:
        """Return the result of the check that the bot is not shutting down."""
        return "the bot is shutting down" if self.draining else OK

    def _log_changes(self, results: dict[str, str]) -> None:
        """Log the failing checks whenever the set of them changes."""
        failing = {name: result for name, result in results.items() if result != OK}
        if failing.keys() != self._failing.keys():
            log.warning(
                "not ready: %s", "; ".join(f"{name}: {result}" for name, result in failing.items())
            ) if failing else log.info("ready")
        self._failing = failing


@web.middleware
async def _log_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log unexpected errors, and answer 500 without their text."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        log.exception("cannot answer a request")
        return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)


async def _set_server_header(_request: web.Request, response: web.StreamResponse) -> None:
    """Replace the default header, which shows the versions of aiohttp and Python."""
    response.headers["Server"] = "slotkeeper"


class _BadRequestFilter(logging.Filter):
    """Logs malformed requests at INFO and without their content, which anyone can send."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record and let it pass."""
        record.msg, record.args, record.exc_info = (
            "rejected a request that is not valid HTTP",
            (),
            None,
        )
        record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def _protocol_log() -> logging.Logger:
    """Return the logger that aiohttp uses for malformed requests."""
    protocol = logging.getLogger(f"{__name__}.protocol")
    if not protocol.filters:
        protocol.addFilter(_BadRequestFilter())
    return protocol
