"""The HTTP side: is the bot alive, is it of use, what does it count; and the webhook, where there is one."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import web

from bot.http.connections import ConnectionLimits, ConnectionPool, track_requests
from bot.http.listener import Listener
from bot.jobs.worker import Jobs
from bot.observability.health import OK, Check, answers
from bot.observability.instrumented import BacklogGauge
from bot.observability.metrics import Metrics
from bot.settings import Address
from bot.updates.webhook import Webhook
from domain.ports import Misconfigured

log = logging.getLogger(__name__)

LARGEST_BODY = 2**20
_LAST_SECONDS = 1.0
# The text format that every version of Prometheus reads.
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class CannotListen(Misconfigured):
    """Nothing can be served at ``LISTEN``; the message is one sentence that says why."""


class HttpSide:
    """The server of one bot. ``port`` is the one it has, None while it has none; ``webhook`` is None where the bot polls."""

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
        self._amiss: dict[str, str] = {}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve for a block; raises CannotListen."""
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            logger=_protocol_log(),
            shutdown_timeout=_LAST_SECONDS,
            lingering_time=self._limits.lingering_time,
        )
        await runner.setup()
        assert runner.server is not None  # noqa: S101  (there is one after the setup)
        pool = ConnectionPool(self._limits)
        listener = Listener(pool, runner.server)
        try:
            await self._begin(listener)
            yield
        finally:
            self.port = None
            self._stop_checks()
            await listener.close()
            await runner.cleanup()
            pool.close()

    def drain(self) -> None:
        """Say that the bot is about to end, and take no more updates; what is asked is still answered."""
        self.draining = True
        self._stop_checks()
        if self.webhook:
            self.webhook.close()

    async def _begin(self, listener: Listener) -> None:
        """Take the port."""
        try:
            await listener.open(self._listen.host, self._listen.port)
        except OSError as error:
            raise CannotListen(
                f"LISTEN: nothing can be served at {self._listen}: {error.strerror or error}."
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
            client_max_size=LARGEST_BODY, middlewares=[track_requests, _guard]
        )
        application.on_response_prepare.append(_sign)
        application.router.add_get("/healthz", self._health)
        application.router.add_get("/readyz", self._readiness)
        application.router.add_get("/metrics", self._exposition)
        if self.webhook:
            # The path may hold whatever the router would read as a pattern: it is compared as it stands.
            application.router.add_route("*", "/{path:.*}", self._posted)
        return application

    async def _health(self, _request: web.Request) -> web.Response:
        """Say whether the process is worth keeping: the event loop answers, and the jobs are being done."""
        if self._jobs.alive:
            return web.Response(text=OK)
        return web.Response(
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            text="what falls due has not been done for a minute",
        )

    async def _readiness(self, _request: web.Request) -> web.Response:
        """Say whether the bot is of use, and what is amiss where it is not."""
        draining = Check("draining", self._goes_on)
        # During a drain the database may be closed already.
        said = await answers([draining] if self.draining else [*self._checks, draining])
        ready = all(answer == OK for answer in said.values())
        self._remark(said)
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return web.json_response({"ready": ready, "checks": said}, status=status)

    async def _exposition(self, _request: web.Request) -> web.Response:
        """Tell what was counted."""
        await self._backlog.refresh()
        return web.Response(body=self._metrics.exposition(), headers={"Content-Type": _EXPOSITION})

    async def _posted(self, request: web.Request) -> web.Response:
        """Take an update, where the address is that of the webhook."""
        if self.webhook is None or request.path != self.webhook.path:
            raise web.HTTPNotFound
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ["POST"])
        return await self.webhook.posted(request)

    async def _goes_on(self) -> str:
        """Tell whether the bot is not about to end."""
        return "the bot is about to end" if self.draining else OK

    def _remark(self, said: dict[str, str]) -> None:
        """Log what is amiss, once until that changes."""
        amiss = {name: answer for name, answer in said.items() if answer != OK}
        if amiss.keys() != self._amiss.keys():
            log.warning(
                "not ready: %s", "; ".join(f"{name}: {answer}" for name, answer in amiss.items())
            ) if amiss else log.info("ready")
        self._amiss = amiss


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell of our own failures in the log alone."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        log.exception("a request could not be answered")
        return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)


async def _sign(_request: web.Request, response: web.StreamResponse) -> None:
    """Put our name where the library would put its version and Python's."""
    response.headers["Server"] = "slotkeeper"


class _Wordless(logging.Filter):
    """Leaves out of a record what was sent to us, and that it is an error: whoever finds the port can send anything."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record and let it pass."""
        record.msg, record.args, record.exc_info = (
            "a request that is no HTTP was turned away",
            (),
            None,
        )
        record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def _protocol_log() -> logging.Logger:
    """Return where the library tells of requests that it cannot read."""
    protocol = logging.getLogger(f"{__name__}.protocol")
    if not protocol.filters:
        protocol.addFilter(_Wordless())
    return protocol
