"""Updates posted by Telegram, each answered only once its work is committed; what is not answered well is posted again."""

import asyncio
import hmac
import logging
import re
from http import HTTPStatus
from typing import Any

from aiohttp import web
from telegram import Bot
from telegram.error import BadRequest

from bot.runtime.chat_locks import finished
from bot.telegram.lenient_json import read_json
from bot.updates.polling import ALLOWED_UPDATES, retried
from bot.updates.receiver import Receiver
from bot.updates.wire import is_update
from domain.ports import Misconfigured

log = logging.getLogger(__name__)

_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  (the name of a header)
_CONNECTIONS = 40
_LOOK_SECONDS = 60.0
# As Telegram's Bot API server words it.
_ADDRESS_REFUSED = re.compile(r"HTTPS url must|only on ports", re.IGNORECASE)
_DRAIN_SECONDS = 2.0
_BODY_TIMEOUT = 20.0


class WebhookRefused(Misconfigured):
    """Telegram will not post to ``WEBHOOK_URL``; the message is one sentence that says why."""


class Webhook:
    """The address at which Telegram posts updates; ``path`` is decoded. It is closed until opened, and again while the bot stops."""

    def __init__(
        self, path: str, secret: str, receiver: Receiver, *, body_timeout: float = _BODY_TIMEOUT
    ) -> None:
        self.path = path
        self._body_timeout = body_timeout
        self.registered = False
        self._secret = secret
        self._receiver = receiver
        self._open = False
        self._in_hand: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Take updates from now on."""
        self._open = True

    def close(self) -> None:
        """Take no more; Telegram posts them again, to whoever is there then."""
        self._open = False

    async def drained(self) -> None:
        """Let what is in hand be committed, but not for ever: Telegram will post again what is not."""
        await finished(self._in_hand, seconds=_DRAIN_SECONDS)

    async def register(self, bot: Bot, url: str) -> None:
        """Have Telegram post updates to this address, asking until it answers.

        Raises:
            WebhookRefused: see there.
            InvalidToken: the token is refused.
        """

        async def ask() -> bool:
            try:
                return await bot.set_webhook(
                    url,
                    secret_token=self._secret,
                    allowed_updates=ALLOWED_UPDATES,
                    max_connections=_CONNECTIONS,
                    drop_pending_updates=False,
                )
            except BadRequest as error:
                # Anything else may pass, as when Telegram could not resolve the host just now.
                if _ADDRESS_REFUSED.search(error.message):
                    raise WebhookRefused(
                        f"WEBHOOK_URL: Telegram will not post updates there: {error.message}."
                    ) from error
                raise

        await retried(ask)
        self.registered = True
        log.info("Telegram posts updates to the webhook")

    async def stay_registered(self, bot: Bot, url: str) -> None:
        """Look every minute whether Telegram still knows the address, which anybody with the token may take away; until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if (await retried(bot.get_webhook_info)).url != url:
                self.registered = False
                log.warning(
                    "Telegram did not know the webhook any more: does something else use the token?"
                )
                await self.register(bot, url)

    async def posted(self, request: web.Request) -> web.Response:
        """Work one update and answer when that is committed; nothing is read of a request that does not know the secret."""
        if not self._knows_secret(request):
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
        # A task of its own: where Telegram hangs up, the work is finished all the same, and a drain can wait for it.
        task = asyncio.create_task(self._receiver.once(self._receiver.read(raw)))
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)
        await asyncio.wait({task})
        return _outcome(task, raw["update_id"])

    def _knows_secret(self, request: web.Request) -> bool:
        """Tell whether a request says what only Telegram knows, in a time that tells nobody how much of it was right."""
        said = request.headers.get(_SECRET_HEADER, "")
        return hmac.compare_digest(said.encode("utf-8", "surrogateescape"), self._secret.encode())


def _update_in(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object of an update, None for anything else."""
    try:
        raw = read_json(body)
    except ValueError:
        return None
    return raw if is_update(raw) else None


def _outcome(task: "asyncio.Task[None]", number: int) -> web.Response:
    """Return the answer to an update whose work has ended."""
    if task.cancelled():
        return _later()
    if error := task.exception():
        log.warning(
            "update %s was not committed and will be posted again: %s", number, type(error).__name__
        )
        return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
    return web.Response()


def _too_slow() -> web.Response:
    """Answer a request whose body did not arrive in time, and close its connection."""
    response = web.Response(status=HTTPStatus.REQUEST_TIMEOUT)
    response.force_close()
    return response


def _later() -> web.Response:
    """Ask for the update to be posted again."""
    return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
