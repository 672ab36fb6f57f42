"""Long polling over HTTP."""

import asyncio
from typing import Any

import aiohttp
import pytest

from simulator import Person, Simulator
from tests.kit.waiting import until


async def _polls(sim: Simulator, session: aiohttp.ClientSession, **params: Any) -> Any:
    async with session.post(f"{sim.url}/bot{sim.token}/getUpdates", json=params) as response:
        body = await response.json()
        return body["result"] if body["ok"] else (response.status, body["description"])


@pytest.fixture
async def session() -> Any:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_updates_stay_until_the_offset_confirms_them(
    served: Simulator, alice: Person, session: aiohttp.ClientSession
) -> None:
    sent = [alice.sends(str(number)) for number in range(3)]
    assert await _polls(served, session) == sent
    assert await _polls(served, session, limit=2) == sent[:2]
    assert await _polls(served, session, offset=sent[0]["update_id"] + 1) == sent[1:]
    assert await _polls(served, session, offset=-1) == sent[2:]
    assert await _polls(served, session, offset=sent[2]["update_id"] + 1) == []
    assert served.world.updates.pending == []


async def test_a_long_poll_waits_for_the_next_update(
    served: Simulator, alice: Person, session: aiohttp.ClientSession
) -> None:
    poll = asyncio.create_task(_polls(served, session, timeout=30))
    await until(lambda: served.world.poll)
    assert not poll.done()
    update = alice.sends("x")
    assert await poll == [update]


async def test_a_long_poll_ends_with_nothing_when_its_time_is_up(
    served: Simulator, session: aiohttp.ClientSession
) -> None:
    assert await _polls(served, session, timeout=1) == []
    assert served.world.poll is None


async def test_a_disconnected_poller_is_forgotten(
    served: Simulator, session: aiohttp.ClientSession
) -> None:
    poll = asyncio.create_task(_polls(served, session, timeout=30))
    await until(lambda: served.world.poll)
    poll.cancel()
    await until(lambda: served.world.poll is None)


async def test_a_second_poller_ends_the_first_poll(
    served: Simulator, alice: Person, session: aiohttp.ClientSession
) -> None:
    first = asyncio.create_task(_polls(served, session, timeout=30))
    await until(lambda: served.world.poll)
    assert await _polls(served, session) == []
    assert await first == (
        409,
        (
            "Conflict: terminated by other getUpdates request; "
            "make sure that only one bot instance is running"
        ),
    )


async def test_a_webhook_prevents_polling(
    served: Simulator, session: aiohttp.ClientSession
) -> None:
    poll = asyncio.create_task(_polls(served, session, timeout=30))
    await until(lambda: served.world.poll)
    await served.call("setWebhook", {"url": "http://127.0.0.1:9/hook"})
    assert await poll == (409, "Conflict: terminated by setWebhook request")
    status, why = await _polls(served, session)
    assert (status, why.partition(";")[0]) == (
        409,
        "Conflict: can't use getUpdates method while webhook is active",
    )
    await served.call("deleteWebhook")
    assert await _polls(served, session) == []


async def test_the_allowed_kinds_are_remembered(
    served: Simulator, alice: Person, session: aiohttp.ClientSession
) -> None:
    await _polls(served, session, allowed_updates=["callback_query"])
    alice.sends("x")
    tap = alice.taps_data("x", 1)
    assert await _polls(served, session) == [tap]
    await _polls(served, session, offset=tap["update_id"] + 1, allowed_updates=[])
    update = alice.sends("x")
    assert await _polls(served, session) == [update]


async def test_a_repeated_update_keeps_its_number_and_comes_despite_the_offset(
    served: Simulator, alice: Person, session: aiohttp.ClientSession
) -> None:
    update = alice.sends("x")
    confirmed = update["update_id"] + 1
    assert await _polls(served, session) == [update]
    assert await _polls(served, session, offset=confirmed) == []
    served.redeliver(update["update_id"])
    assert await _polls(served, session, offset=confirmed) == [update]
    assert await _polls(served, session, offset=confirmed) == []


async def test_a_held_update_holds_up_all_later_ones(
    served: Simulator, alice: Person, session: aiohttp.ClientSession
) -> None:
    served.world.updates.hold(alice.id, taps=False)
    held = alice.sends("x")
    tap = alice.taps_data("x", 1)
    assert await _polls(served, session) == []
    served.world.updates.release(alice.id, taps=False)
    assert await _polls(served, session) == [held, tap]


async def test_two_thousand_messages_arrive_once_and_in_order(
    served: Simulator, alice: Person, session: aiohttp.ClientSession
) -> None:
    async def write() -> None:
        for number in range(2000):
            alice.sends(str(number))
            if number % 50 == 0:
                await asyncio.sleep(0)

    writing = asyncio.create_task(write())
    texts: list[str] = []
    offset = 0
    while len(texts) < 2000:
        updates = await _polls(served, session, offset=offset, timeout=5)
        texts += [update["message"]["text"] for update in updates]
        offset = updates[-1]["update_id"] + 1
    await writing
    assert texts == [str(number) for number in range(2000)]
    assert [update["update_id"] for update in served.transcript.updates[1:]] == list(
        range(offset - 2000, offset)
    )


async def test_stopping_ends_a_long_poll(sim: Simulator, session: aiohttp.ClientSession) -> None:
    await sim.start()
    poll = asyncio.create_task(_polls(sim, session, timeout=50))
    await until(lambda: sim.world.poll)
    async with asyncio.timeout(5):
        await sim.stop()
        assert (await poll)[0] == 409
