"""From a call to its answer: run the method, apply faults, and record both in the transcript."""

import asyncio
import inspect
import json
from dataclasses import dataclass
from typing import Any, Literal

from simulator.api.calls import Call, Described
from simulator.api.methods import METHODS
from simulator.faults import METHOD_RUNS, SLOW, Fault, FaultKind
from simulator.refusals import Refusal, bad_request, blocked, too_many_requests
from simulator.state.transcript import CallRecord
from simulator.state.world import World

_REFUSALS = {
    FaultKind.BLOCKED: blocked(),
    FaultKind.UNRESOLVED: bad_request(
        "bad webhook: Failed to resolve host: Temporary failure in name resolution"
    ),
    FaultKind.SERVER_ERROR: Refusal(500, "Internal Server Error"),
}
_BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    "<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """The response to the bot: a JSON body or HTML page with a status, or a broken connection."""

    status: int
    body: dict[str, Any] | str
    fate: Literal["answered", "silent", "cut"] = "answered"


_SERVER_STOPPED = Reply(0, "", "cut")


async def answer(world: World, call: Call) -> Reply:
    """Run a call and return its answer; both are recorded in the transcript."""
    fault = world.faults.take(call.method, person_of(world, call))
    if fault is None or not fault.waits_before():
        return await _handle(world, call, fault)
    # Telegram has received the request: the method runs even if the caller disconnects meanwhile.
    delayed = asyncio.create_task(_handle_after_delay(world, call, fault))
    world.delayed.add(delayed)
    delayed.add_done_callback(world.delayed.discard)
    return await asyncio.shield(delayed)


async def _handle_after_delay(world: World, call: Call, fault: Fault) -> Reply:
    if await _stopped_within(world, fault.waits_before()):
        return _SERVER_STOPPED
    return await _handle(world, call, fault)


async def _handle(world: World, call: Call, fault: Fault | None) -> Reply:
    if fault is not None and fault.kind not in METHOD_RUNS:
        reply = _reply_instead(fault)
    else:
        reply = await _run_method(world, call)
    note = None if fault is None else str(fault.kind)
    world.transcript.calls.append(
        CallRecord(call.method, call.record(), reply.status, reply.body, world.clock(), note)
    )
    latency = world.faults.latency(call.method) if world.faults.latency else 0
    if await _stopped_within(world, latency + (fault.waits_after() if fault else 0)):
        return _SERVER_STOPPED
    return (
        _reply_after_fault(reply, fault)
        if fault is not None and fault.kind in METHOD_RUNS
        else reply
    )


def person_of(world: World, call: Call) -> int | None:
    """Return the chat a call concerns; for an answered tap, the person who tapped."""
    tap = world.taps.get(call.text("callback_query_id"))
    return tap.account.id if tap else call.integer("chat_id") or None


async def _stopped_within(world: World, seconds: float) -> bool:
    if seconds <= 0:
        return False
    try:
        async with asyncio.timeout(seconds):
            await world.closing.wait()
    except TimeoutError:
        return False
    return True


async def _run_method(world: World, call: Call) -> Reply:
    try:
        result = await _method_result(world, call)
    except Refusal as refusal:
        if refusal.blames_bot:
            world.transcript.warn(_warning_for(world, call, refusal))
        return Reply(refusal.code, refusal.as_json())
    if isinstance(result, Described):
        return Reply(200, {"ok": True, "result": result.result, "description": result.description})
    return Reply(200, {"ok": True, "result": result})


async def _method_result(world: World, call: Call) -> Any:
    method = METHODS.get(call.method.lower())
    if method is None:
        raise Refusal(404, "Not Found: method not found")
    result = method(world, call)
    return await result if inspect.isawaitable(result) else result


def _warning_for(world: World, call: Call, refusal: Refusal) -> str:
    tap = world.taps.get(call.text("callback_query_id"))
    if tap is not None and tap.answers > 1:
        return f"the tap on {tap.label!r} was answered {tap.answers} times"
    chat = f" in chat {call.text('chat_id')}" if call.has("chat_id") else ""
    return f"{call.method}{chat} was refused: {refusal}"


def _reply_after_fault(reply: Reply, fault: Fault) -> Reply:
    """Return the reply after a fault that occurs once the method has run."""
    if fault.kind in SLOW:
        return reply
    if fault.kind is FaultKind.BROKEN_JSON:
        whole = json.dumps(reply.body)
        return Reply(reply.status, whole[: len(whole) // 2])
    return Reply(reply.status, reply.body, _connection_fate(fault))


def _reply_instead(fault: Fault) -> Reply:
    if fault.kind in (FaultKind.SILENCE, FaultKind.CUT_BEFORE):
        return Reply(0, "", _connection_fate(fault))
    if fault.kind is FaultKind.BAD_GATEWAY:
        return Reply(502, _BAD_GATEWAY)
    if fault.kind is FaultKind.FORBIDDING_GATEWAY:
        return Reply(403, {"message": "Forbidden by the rules of this network"})
    if fault.kind is FaultKind.EMPTY_ANSWER:
        return Reply(200, {})
    if fault.kind is FaultKind.FLOOD:
        return _refusal_reply(too_many_requests(fault.retry_after))
    return _refusal_reply(_REFUSALS[fault.kind])


def _refusal_reply(refusal: Refusal) -> Reply:
    return Reply(refusal.code, refusal.as_json())


def _connection_fate(fault: Fault) -> Literal["silent", "cut"]:
    return "silent" if fault.kind in (FaultKind.SILENCE, FaultKind.SILENCE_AFTER) else "cut"
