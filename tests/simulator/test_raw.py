"""Updates that are sent as given bytes."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from simulator.simulator import Simulator
from tests.kit.waiting import until

ODD = b'{"update_id": NaN, "update_id": "\\ud83d\xff"}'


@pytest.fixture
async def served() -> AsyncIterator[Simulator]:
    telegram = Simulator()
    await telegram.start()
    yield telegram
    await telegram.stop()


async def test_a_raw_update_is_fetched_in_order_and_confirmed(
    served: Simulator,
) -> None:
    alice = served.person("Alice")
    alice.sends("before")
    served.world.updates.add_raw(ODD)
    served.world.updates.add_raw(b"7")
    after = alice.sends("after")
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{served.url}/bot{served.token}/getUpdates") as response,
    ):
        body = await response.read()

    assert body.index(b"before") < body.index(ODD) < body.index(b", 7, ") < body.index(b"after")
    await served.call("getUpdates", {"offset": after["update_id"] - 1})
    assert [entry.id for entry in served.world.updates.pending] == [
        after["update_id"] - 1,
        after["update_id"],
    ]


async def test_a_raw_update_is_posted_as_given(served: Simulator, unused_tcp_port: int) -> None:
    posted: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        posted.append(await request.read())
        return web.Response()

    application = web.Application()
    application.router.add_post("/hook", take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    await served.call("setWebhook", {"url": f"http://127.0.0.1:{unused_tcp_port}/hook"})
    served.world.updates.add_raw(ODD)
    await until(lambda: not served.world.updates.pending)
    await runner.cleanup()

    assert posted == [ODD]
