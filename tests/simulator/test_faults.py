"""Which calls a fault affects, and how often."""

import asyncio

import aiohttp
import pytest

from simulator import FaultKind, Person, Simulator
from tests.kit.waiting import until

HOUR = 3600


async def _statuses(sim: Simulator, *persons: Person, method: str = "sendMessage") -> list[int]:
    return [
        (await sim.call(method, {"chat_id": person.id, "text": "x", "action": "typing"})).status
        for person in persons
    ]


@pytest.fixture
def bob(sim: Simulator) -> Person:
    person = sim.person("Bob")
    person.sends("/start")
    return person


async def test_a_fault_affects_the_given_number_of_calls(sim: Simulator, alice: Person) -> None:
    sim.faults.add("server error", times=2)
    assert await _statuses(sim, alice, alice, alice) == [500, 500, 200]


async def test_a_fault_may_be_limited_to_one_person(
    sim: Simulator, alice: Person, bob: Person
) -> None:
    sim.faults.add("blocked", person=bob)
    assert await _statuses(sim, alice, bob, bob) == [200, 403, 200]


async def test_a_fault_may_be_limited_to_one_method(sim: Simulator, alice: Person) -> None:
    sim.faults.add("flood", method="sendChatAction")
    assert await _statuses(sim, alice) == [200]
    assert await _statuses(sim, alice, method="sendChatAction") == [429]


async def test_a_fault_on_an_answer_applies_to_the_person_who_tapped(
    sim: Simulator, alice: Person, bob: Person
) -> None:
    sim.faults.add("server error", method="answerCallbackQuery", person=bob.id)
    for person, status in ((alice, 200), (bob, 500)):
        query = person.taps_data("x", 1)["callback_query"]["id"]
        assert (
            await sim.call("answerCallbackQuery", {"callback_query_id": query})
        ).status == status


async def test_unlimited_faults_last_until_cleared(sim: Simulator, alice: Person) -> None:
    sim.faults.add(FaultKind.BAD_GATEWAY, times=None)
    assert await _statuses(sim, alice, alice, alice) == [502, 502, 502]
    sim.faults.clear()
    assert await _statuses(sim, alice) == [200]


async def test_faults_apply_in_the_order_added(sim: Simulator, alice: Person) -> None:
    sim.faults.add("server error")
    sim.faults.add("flood", retry_after=None)
    assert await _statuses(sim, alice, alice, alice) == [500, 429, 200]


async def test_in_process_the_fate_says_that_an_answer_is_lost(
    sim: Simulator, alice: Person
) -> None:
    for kind in (
        FaultKind.SILENCE,
        FaultKind.SILENCE_AFTER,
        FaultKind.CUT_BEFORE,
        FaultKind.CUT_AFTER,
    ):
        sim.faults.add(kind)
    fates = [
        (await sim.call("sendMessage", {"chat_id": alice.id, "text": "x"})).fate for _ in range(5)
    ]
    assert fates == ["silent", "silent", "cut", "cut", "answered"]
    assert len(alice.chat.messages) == 4


def test_an_unknown_fault_is_refused(sim: Simulator) -> None:
    with pytest.raises(ValueError, match="earthquake"):
        sim.faults.add("earthquake")


async def test_a_slow_answer_comes_after_the_method_has_run(sim: Simulator, alice: Person) -> None:
    sim.faults.add("slow", delay=HOUR)
    call = asyncio.create_task(sim.call("sendMessage", {"chat_id": alice.id, "text": "x"}))
    await until(lambda: len(alice.chat.messages) == 2)
    assert not call.done()
    await sim.stop()
    assert (await call).fate == "cut"


async def test_a_delayed_method_does_not_run_if_the_server_stops(
    sim: Simulator, alice: Person
) -> None:
    sim.faults.add("slow before", delay=HOUR)
    call = asyncio.create_task(sim.call("sendMessage", {"chat_id": alice.id, "text": "x"}))
    await asyncio.sleep(0)
    await sim.stop()
    assert (await call).fate == "cut"
    assert (len(alice.chat.messages), sim.transcript.calls_of("sendMessage")) == (1, [])


@pytest.mark.parametrize("kind", ["slow", "slow before"])
async def test_a_slow_answer_is_an_answer(sim: Simulator, alice: Person, kind: str) -> None:
    sim.faults.add(kind, delay=0.01)
    assert await _statuses(sim, alice) == [200]
    assert [(call.ok, call.fault) for call in sim.transcript.calls] == [(True, kind)]


async def test_a_delayed_method_runs_even_if_the_bot_disconnects(
    served: Simulator, alice: Person
) -> None:
    served.faults.add("slow before", delay=0.3)
    async with aiohttp.ClientSession(served.url) as session:
        with pytest.raises(TimeoutError):
            await session.post(
                "/bot1:test/sendMessage",
                json={"chat_id": alice.id, "text": "x"},
                timeout=aiohttp.ClientTimeout(total=0.05),
            )
    assert len(alice.chat.messages) == 1
    await until(lambda: len(alice.chat.messages) == 2)


async def test_a_poll_may_be_slow(sim: Simulator, alice: Person) -> None:
    alice.sends("x")
    sim.faults.add("slow", method="getUpdates", delay=0.01)
    reply = await sim.call("getUpdates")
    assert isinstance(reply.body, dict)
    assert len(reply.body["result"]) == 1


async def test_latency_delays_every_answer(sim: Simulator, alice: Person) -> None:
    asked = []

    def latency(method: str) -> float:
        asked.append(method)
        return 0.001

    sim.faults.latency = latency
    assert await _statuses(sim, alice) == [200]
    assert asked == ["sendMessage"]


def test_posting_an_update_can_only_be_slow(sim: Simulator) -> None:
    with pytest.raises(ValueError, match="can be slow, but not 'flood'"):
        sim.faults.add("flood", method="webhook")
