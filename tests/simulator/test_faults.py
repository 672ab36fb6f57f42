"""Whom a fault meets, and how often."""

import pytest

from simulator import FaultKind, Person, Simulator


async def _statuses(sim: Simulator, *persons: Person, method: str = "sendMessage") -> list[int]:
    return [(await sim.call(method, {"chat_id": person.id, "text": "x", "action": "typing"})).status for person in persons]


@pytest.fixture
def bob(sim: Simulator) -> Person:
    person = sim.person("Bob")
    person.sends("/start")
    return person


async def test_a_fault_meets_so_many_calls(sim: Simulator, alice: Person) -> None:
    sim.faults.add("server error", times=2)
    assert await _statuses(sim, alice, alice, alice) == [500, 500, 200]


async def test_a_fault_may_be_meant_for_one_person(sim: Simulator, alice: Person, bob: Person) -> None:
    sim.faults.add("blocked", person=bob)
    assert await _statuses(sim, alice, bob, bob) == [200, 403, 200]


async def test_a_fault_may_be_meant_for_one_method(sim: Simulator, alice: Person) -> None:
    sim.faults.add("flood", method="sendChatAction")
    assert await _statuses(sim, alice) == [200]
    assert await _statuses(sim, alice, method="sendChatAction") == [429]


async def test_a_fault_on_an_answer_finds_who_tapped(sim: Simulator, alice: Person, bob: Person) -> None:
    sim.faults.add("server error", method="answerCallbackQuery", person=bob.id)
    for person, status in ((alice, 200), (bob, 500)):
        query = person.taps_data("x", 1)["callback_query"]["id"]
        assert (await sim.call("answerCallbackQuery", {"callback_query_id": query})).status == status


async def test_faults_without_end_last_until_cleared(sim: Simulator, alice: Person) -> None:
    sim.faults.add(FaultKind.BAD_GATEWAY, times=None)
    assert await _statuses(sim, alice, alice, alice) == [502, 502, 502]
    sim.faults.clear()
    assert await _statuses(sim, alice) == [200]


async def test_several_faults_come_in_the_order_asked_for(sim: Simulator, alice: Person) -> None:
    sim.faults.add("server error")
    sim.faults.add("flood", retry_after=None)
    assert await _statuses(sim, alice, alice, alice) == [500, 429, 200]


async def test_in_process_a_lost_answer_is_told_by_its_fate(sim: Simulator, alice: Person) -> None:
    for kind in (FaultKind.SILENCE, FaultKind.SILENCE_AFTER, FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER):
        sim.faults.add(kind)
    fates = [(await sim.call("sendMessage", {"chat_id": alice.id, "text": "x"})).fate for _ in range(5)]
    assert fates == ["silent", "silent", "cut", "cut", "answered"]
    assert len(alice.chat.messages) == 4


def test_an_unknown_fault_is_no_fault(sim: Simulator) -> None:
    with pytest.raises(ValueError, match="earthquake"):
        sim.faults.add("earthquake")
