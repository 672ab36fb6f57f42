"""Updates that Telegram posts, each answered after its commit.

Telegram posts an update again unless the answer is 200.
"""

import asyncio
import hmac
import logging
import re
from http import HTTPStatus
from typing import Any

from aiohttp import web
from telegram import Bot
from telegram.error import BadRequest

from bot.runtime.tasks import drain
from bot.telegram.lenient_json import read_json
from bot.updates.polling import ALLOWED_UPDATES, retry_until_answered
from bot.updates.receiver import Receiver
from bot.updates.wire import is_update
from domain.failures import Misconfigured

log = logging.getLogger(__name__)

_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  (the name of a header)
_CONNECTIONS = 40
CHECK_SECONDS = 60.0
"""How often to check that the webhook is still registered."""
# In the words of Telegram's Bot API server.
_URL_REFUSED = re.compile(r"HTTPS url must|only on ports", re.IGNORECASE)
_DRAIN_SECONDS = 2.0
_BODY_TIMEOUT = 20.0


class WebhookRefused(Misconfigured):
    """Telegram will not post to ``WEBHOOK_URL``; the message says why in one sentence."""


class Webhook:
    """The endpoint to which Telegram posts updates.

    ``path`` is decoded. The endpoint refuses updates until it is opened, and again after ``close``.
    """

    def __init__(
        self, path: str, secret: str, receiver: Receiver, *, body_timeout: float = _BODY_TIMEOUT
    ) -> None:
        self.path = path
        self._body_timeout = body_timeout
        self.registered = False
        self._secret = secret
        self._receiver = receiver
        self._open = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def in_flight(self) -> int:
        """How many posted updates are in progress."""
        return len(self._tasks)

    def open(self) -> None:
        """Accept updates from now on."""
        self._open = True

    def close(self) -> None:
        """Accept no more updates; Telegram posts them again, to another replica or later."""
        self._open = False

    async def drain(self, seconds: float = _DRAIN_SECONDS) -> None:
        """Let updates in progress be committed for some seconds; Telegram posts the rest again."""
        await drain(self._tasks, seconds=seconds)

    async def register(self, bot: Bot, url: str) -> None:
        """Register the webhook with Telegram, retrying until Telegram answers.

        Raises:
            WebhookRefused: Telegram will not post to this URL.
            InvalidToken: Telegram refused the token.
        """

        async def set_webhook() -> bool:
            try:
                return await bot.set_webhook(
                    url,
                    secret_token=self._secret,
                    allowed_updates=ALLOWED_UPDATES,
                    max_connections=_CONNECTIONS,
                    drop_pending_updates=False,
                )
            except BadRequest as error:
                # Other errors may pass, like a host name that did not resolve just now.
                if _URL_REFUSED.search(error.message):
                    raise WebhookRefused(
                        f"WEBHOOK_URL: Telegram will not post updates there: {error.message}."
                    ) from error
                raise

        await retry_until_answered(set_webhook)
        self.registered = True
        log.info("Telegram posts updates to the webhook")

    async def stay_registered(self, bot: Bot, url: str) -> None:
        """Check every minute that the webhook is still registered, until cancelled.

        Any program that has the token can remove it.
        """
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            if (await retry_until_answered(bot.get_webhook_info)).url != url:
                self.registered = False
                log.warning(
                    "the webhook is no longer registered: does another program use the token?"
                )
                await self.register(bot, url)

    async def handle_post(self, request: web.Request) -> web.Response:
        """Process a posted update and answer after its commit.

        The body of a request without the secret is not read.
        """
        if not self._has_secret(request):
            return web.Response(status=HTTPStatus.FORBIDDEN)
        try:
            async with asyncio.timeout(self._body_timeout):
                raw = _update_in(await request.read())
        except TimeoutError:
            return _too_slow()
        if raw is None:
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        if not self._open:
            return _later()
        # In its own task, the update is committed even if Telegram closes the connection.
        task = asyncio.create_task(self._receiver.process(self._receiver.read(raw)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task})
        return _outcome(task, raw["update_id"])

    def _has_secret(self, request: web.Request) -> bool:
        """Return whether a request has the secret, comparing in constant time."""
        given = request.headers.get(_SECRET_HEADER, "")
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret.encode())


def _update_in(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object of an update, None for anything else."""
    try:
        raw = read_json(body)
    except ValueError:
        return None
    return raw if is_update(raw) else None


def _outcome(task: "asyncio.Task[None]", number: int) -> web.Response:
    """Return the response to an update whose task has ended."""
    if task.cancelled():
        return _later()
    if error := task.exception():
        log.warning(
            "update %s was not committed and will be posted again: %s", number, type(error).__name__
        )
        return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
    return web.Response()


def _too_slow() -> web.Response:
    """Return the response to a request whose body did not arrive in time; close its connection."""
    response = web.Response(status=HTTPStatus.REQUEST_TIMEOUT)
    response.force_close()
    return response


def _later() -> web.Response:
    """Return a response that asks Telegram to post the update again."""
    return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
