"""The bot's HTTP side over a real socket: a town where it is open, one that Telegram posts to, and what a visitor is answered."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.updates.polling import poll
from tests.kit.bot import BotHarness
from tests.kit.waiting import until

SECRET = "hush_hush-1"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(frozen=True)
class Answered:
    """What a visitor got."""

    status: int
    headers: dict[str, str]
    text: str


async def visits(port: int | None, path: str, *, method: str = "GET", **details: Any) -> Answered:
    """Ask for something on a port of this machine; the keywords are those of aiohttp."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}{path}", **details) as response,
    ):
        return Answered(response.status, dict(response.headers), await response.text())


class ServedBot(BotHarness):
    """A town whose bot has its HTTP side open, though nobody posts to it."""

    def __init__(self, database_url: str, **more: Any) -> None:
        super().__init__(database_url, **{"listen": "127.0.0.1:0", **more})

    async def asks(self, path: str, **details: Any) -> Answered:
        """Ask the bot's HTTP side for something."""
        return await visits(self.app.http.port, path, **details)

    async def counts(self, name: str, **labels: str) -> float:
        """Return the value of a metric as it is served now; KeyError where there is none."""
        shown = dict(_samples((await self.asks("/metrics")).text))
        return shown[name, frozenset(labels.items())]

    async def adds_up(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's values, as they are served now, over all labels that are not named."""
        shown = _samples((await self.asks("/metrics")).text)
        return sum(
            value
            for (each, given), value in shown
            if each == name and labels.items() <= dict(given).items()
        )

    async def _opens_bot(self) -> None:
        await super()._opens_bot()
        await self._open.enter_async_context(self.app.http.serving())


class PolledBot(ServedBot):
    """A town whose bot fetches what people do by long polling, at once and by itself."""

    async def receives(self) -> None:
        """Wait until the bot took all that people did."""
        await until(lambda: not self.simulator.world.updates.pending)
        await self.app.processor.idle()

    async def _opens_bot(self) -> None:
        await super()._opens_bot()
        app = self.app
        polling = asyncio.create_task(
            poll(app.application, app.polling_request, app.receiver, app.heartbeat)
        )
        self._open.push_async_callback(_ended, polling)


class WebhookBot(ServedBot):
    """A town where Telegram posts what people do to the bot's webhook, at once and by itself."""

    def __init__(
        self, database_url: str, port: int, *, path: str = "/telegram", **more: Any
    ) -> None:
        super().__init__(
            database_url,
            listen=f"127.0.0.1:{port}",
            webhook_url=f"http://127.0.0.1:{port}{path}",
            webhook_secret=SECRET,
            **more,
        )

    async def receives(self) -> None:
        """Wait until the bot took all that people did."""
        await until(lambda: not self.simulator.world.updates.pending)
        await self.app.processor.idle()

    async def posts(
        self,
        raw: object = None,
        *,
        path: str = "/telegram",
        secret: str | None = SECRET,
        **details: Any,
    ) -> Answered:
        """Post something to the webhook, as JSON where it is no ``data``."""
        headers = {} if secret is None else {SECRET_HEADER: secret}
        given = details if "data" in details else {"json": raw, **details}
        return await self.asks(path, method="POST", headers=headers, **given)

    async def _opens_bot(self) -> None:
        await super()._opens_bot()
        webhook = self.app.http.webhook
        assert webhook
        assert self.settings.webhook_url
        webhook.open()
        await webhook.register(self.app.application.bot, self.settings.webhook_url)


async def _ended(task: "asyncio.Task[None]") -> None:
    """End a task that would go on for ever."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _samples(page: str) -> list[tuple[tuple[str, frozenset[tuple[str, str]]], float]]:
    """Read a page of metrics."""
    found = re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", page, re.MULTILINE)
    return [
        ((name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels))), float(value))
        for name, labels, value in found
    ]
