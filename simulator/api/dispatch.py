"""From a call to its answer: the method does its work unless a fault comes between, and the transcript keeps both."""

import asyncio
import inspect
import json
from dataclasses import dataclass
from typing import Any, Literal

from simulator.api.calls import Call, Described
from simulator.api.methods import METHODS
from simulator.faults import SLOW, WORK_IS_DONE, Fault, FaultKind
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
_BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the bot: a JSON body or an HTML page with its status, or a connection that stays silent or is cut."""

    status: int
    body: dict[str, Any] | str
    fate: Literal["answered", "silent", "cut"] = "answered"


_STOPPED = Reply(0, "", "cut")


async def answer(world: World, call: Call) -> Reply:
    """Do what a call asks and return its answer; everything is noted in the transcript."""
    fault = world.faults.take(call.method, person_of(world, call))
    if fault is None or not fault.waits_before():
        return await _answered(world, call, fault)
    # Telegram has the request by now: the work is done even where the caller hangs up meanwhile.
    late = asyncio.create_task(_answered_late(world, call, fault))
    world.late.add(late)
    late.add_done_callback(world.late.discard)
    return await asyncio.shield(late)


async def _answered_late(world: World, call: Call, fault: Fault) -> Reply:
    if await _stopped_within(world, fault.waits_before()):
        return _STOPPED
    return await _answered(world, call, fault)


async def _answered(world: World, call: Call, fault: Fault | None) -> Reply:
    if fault is not None and fault.kind not in WORK_IS_DONE:
        reply = _spoilt(fault)
    else:
        reply = await _work(world, call)
    note = None if fault is None else str(fault.kind)
    world.transcript.calls.append(
        CallRecord(call.method, call.record(), reply.status, reply.body, world.clock(), note)
    )
    latency = world.faults.latency(call.method) if world.faults.latency else 0
    if await _stopped_within(world, latency + (fault.waits_after() if fault else 0)):
        return _STOPPED
    return _lost(reply, fault) if fault is not None and fault.kind in WORK_IS_DONE else reply


def person_of(world: World, call: Call) -> int | None:
    """Return the chat a call concerns, for an answered tap the person who tapped."""
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


async def _work(world: World, call: Call) -> Reply:
    try:
        result = await _result(world, call)
    except Refusal as refusal:
        if refusal.blames_bot:
            world.transcript.warn(_complaint(world, call, refusal))
        return Reply(refusal.code, refusal.as_json())
    if isinstance(result, Described):
        return Reply(200, {"ok": True, "result": result.result, "description": result.description})
    return Reply(200, {"ok": True, "result": result})


async def _result(world: World, call: Call) -> Any:
    method = METHODS.get(call.method.lower())
    if method is None:
        raise Refusal(404, "Not Found: method not found")
    result = method(world, call)
    return await result if inspect.isawaitable(result) else result


def _complaint(world: World, call: Call, refusal: Refusal) -> str:
    tap = world.taps.get(call.text("callback_query_id"))
    if tap is not None and tap.answers > 1:
        return f"the tap on {tap.label!r} was answered {tap.answers} times"
    chat = f" in chat {call.text('chat_id')}" if call.has("chat_id") else ""
    return f"{call.method}{chat} was refused: {refusal}"


def _lost(reply: Reply, fault: Fault) -> Reply:
    """Return what becomes of the answer to work that is done."""
    if fault.kind in SLOW:
        return reply
    if fault.kind is FaultKind.BROKEN_JSON:
        whole = json.dumps(reply.body)
        return Reply(reply.status, whole[: len(whole) // 2])
    return Reply(reply.status, reply.body, _fate(fault))


def _spoilt(fault: Fault) -> Reply:
    if fault.kind in (FaultKind.SILENCE, FaultKind.CUT_BEFORE):
        return Reply(0, "", _fate(fault))
    if fault.kind is FaultKind.BAD_GATEWAY:
        return Reply(502, _BAD_GATEWAY)
    if fault.kind is FaultKind.FORBIDDING_GATEWAY:
        return Reply(403, {"message": "Forbidden by the rules of this network"})
    if fault.kind is FaultKind.EMPTY_ANSWER:
        return Reply(200, {})
    if fault.kind is FaultKind.FLOOD:
        return _refused(too_many_requests(fault.retry_after))
    return _refused(_REFUSALS[fault.kind])


def _refused(refusal: Refusal) -> Reply:
    return Reply(refusal.code, refusal.as_json())


def _fate(fault: Fault) -> Literal["silent", "cut"]:
    return "silent" if fault.kind in (FaultKind.SILENCE, FaultKind.SILENCE_AFTER) else "cut"
