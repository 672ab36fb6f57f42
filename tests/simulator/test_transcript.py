"""The transcript and its warnings."""

from typing import Any

from simulator import Person, Simulator


async def test_calls_and_updates_are_recorded(sim: Simulator, alice: Person) -> None:
    await sim.call(
        "sendMessage",
        {"chat_id": str(alice.id), "text": "x", "reply_markup": '{"inline_keyboard": []}'},
    )
    call = sim.transcript.calls_of("sendmessage")[0]
    assert call.params == {"chat_id": "1000", "text": "x", "reply_markup": {"inline_keyboard": []}}
    assert (call.status, call.ok, call.fault) == (200, True, None)
    assert [update["message"]["text"] for update in sim.transcript.updates] == ["/start"]
    assert sim.transcript.warnings == []


async def test_an_unanswered_tap_causes_one_warning(sim: Simulator, alice: Person) -> None:
    alice.taps_data("book", 1)
    assert sim.check_taps() == []  # The bot has not received it yet.
    sim.take_updates()
    assert sim.check_taps() == ["the tap on 'book' by Alice was left unanswered"]
    assert sim.check_taps() == []


async def test_stopping_warns_about_unanswered_taps(sim: Simulator, alice: Person) -> None:
    alice.taps_data("book", 1)
    sim.take_updates()
    await sim.stop()
    assert len(sim.transcript.warnings) == 1


async def test_a_second_answer_is_refused_with_a_warning(sim: Simulator, alice: Person) -> None:
    query = {"callback_query_id": alice.taps_data("book", 1)["callback_query"]["id"]}
    assert [(await sim.call("answerCallbackQuery", query)).status for _ in range(2)] == [200, 400]
    assert sim.transcript.warnings == ["the tap on 'book' was answered 2 times"]


async def test_a_tap_delivered_twice_may_be_answered_twice(sim: Simulator, alice: Person) -> None:
    update = alice.taps_data("book", 1)
    query = {"callback_query_id": update["callback_query"]["id"]}
    sim.redeliver(update["update_id"])
    assert sim.take_updates() == [update, update]
    assert [(await sim.call("answerCallbackQuery", query)).status for _ in range(2)] == [200, 400]
    assert sim.transcript.warnings == []


async def test_a_reply_keyboard_causes_a_warning(sim: Simulator, alice: Person) -> None:
    await sim.call(
        "sendMessage",
        {"chat_id": alice.id, "text": "x", "reply_markup": {"keyboard": [[{"text": "A"}]]}},
    )
    assert sim.transcript.warnings == [
        "reply keyboards are not simulated: the message is shown without one"
    ]


async def test_flood_limits_apply_per_chat_and_overall(
    sim: Simulator, alice: Person, clock: Any
) -> None:
    sim.flood_limits.enabled = True
    others = [sim.person(str(number)) for number in range(40)]
    for other in others:
        other.sends("/start")

    async def sent(person: Person) -> int:
        return (await sim.call("sendMessage", {"chat_id": person.id, "text": "x"})).status

    assert [await sent(alice) for _ in range(4)] == [200, 200, 200, 429]
    clock.passes(1)
    assert [await sent(alice), await sent(alice)] == [200, 429]
    clock.passes(1)
    assert [await sent(other) for other in others] == [200] * 30 + [429] * 10
    clock.passes(1)
    assert await sent(alice) == 200
    assert sim.transcript.warnings == []
