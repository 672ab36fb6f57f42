"""Bots with an open HTTP server: one that polls, and one that receives webhook posts."""

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
class HttpResponse:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    text: str


async def http_request(
    port: int | None, path: str, *, method: str = "GET", **details: Any
) -> HttpResponse:
    """Send an HTTP request to a port on loopback; the keywords are those of aiohttp."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}{path}", **details) as response,
    ):
        return HttpResponse(response.status, dict(response.headers), await response.text())


class HttpBot(BotHarness):
    """A bot whose HTTP server is open, without a webhook."""

    def __init__(self, database_url: str, **more: Any) -> None:
        super().__init__(database_url, **{"listen": "127.0.0.1:0", **more})

    async def request(self, path: str, **details: Any) -> HttpResponse:
        """Send a request to the bot's HTTP server."""
        return await http_request(self.app.http.port, path, **details)

    async def metric(self, name: str, **labels: str) -> float:
        """Return the value of a metric. Raises KeyError if it has no sample with these labels."""
        samples = dict(_samples((await self.request("/metrics")).text))
        return samples[name, frozenset(labels.items())]

    async def metric_sum(self, name: str, **labels: str) -> float:
        """Return the sum of a metric over all labels that are not given."""
        samples = _samples((await self.request("/metrics")).text)
        return sum(
            value
            for (each, given), value in samples
            if each == name and labels.items() <= dict(given).items()
        )

    async def _opens_bot(self) -> None:
        await super()._opens_bot()
        await self._exit_stack.enter_async_context(self.app.http.serving())


class PollingBot(HttpBot):
    """A bot that receives updates by long polling, as soon as people act."""

    async def receives(self) -> None:
        """Wait until the bot has processed every update."""
        await until(lambda: not self.simulator.world.updates.pending)
        await self.app.replies.idle()

    async def _opens_bot(self) -> None:
        await super()._opens_bot()
        app = self.app
        polling = asyncio.create_task(
            poll(app.application, app.polling_request, app.receiver, app.heartbeat)
        )
        self._exit_stack.push_async_callback(_cancel, polling)


class WebhookBot(HttpBot):
    """A bot that receives updates by its webhook, as soon as people act."""

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
        """Wait until the bot has processed every update."""
        await until(lambda: not self.simulator.world.updates.pending)
        await self.app.replies.idle()

    async def posts(
        self,
        raw: object = None,
        *,
        path: str = "/telegram",
        secret: str | None = SECRET,
        **details: Any,
    ) -> HttpResponse:
        """Post ``raw`` to the webhook as JSON, or ``data`` as it is."""
        headers = {} if secret is None else {SECRET_HEADER: secret}
        given = details if "data" in details else {"json": raw, **details}
        return await self.request(path, method="POST", headers=headers, **given)

    async def _opens_bot(self) -> None:
        await super()._opens_bot()
        webhook = self.app.http.webhook
        assert webhook
        assert self.settings.webhook_url
        webhook.open()
        await webhook.register(self.app.application.bot, self.settings.webhook_url)


async def _cancel(task: "asyncio.Task[None]") -> None:
    """Cancel a task, and wait until it has ended."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _samples(page: str) -> list[tuple[tuple[str, frozenset[tuple[str, str]]], float]]:
    """Return the name, labels and value of each sample on a page of metrics."""
    found = re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", page, re.MULTILINE)
    return [
        ((name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels))), float(value))
        for name, labels, value in found
    ]
