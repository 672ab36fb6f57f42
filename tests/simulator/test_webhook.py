"""Updates posted to a webhook: order, retries and the secret."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from simulator import Person, Simulator
from tests.kit.waiting import until


@dataclass
class Hook:
    """The bot's side: records posts and answers as configured."""

    url: str = ""
    received: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        self.received.append(await request.json())
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        await self.gate.wait()
        return self.answers.pop(0) if self.answers else web.Response()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    hook.gate.set()
    app = web.Application()
    app.router.add_post("/hook", hook.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    hook.gate.set()
    await runner.cleanup()


async def test_updates_are_posted_in_order_with_the_secret(
    served: Simulator, alice: Person, hook: Hook
) -> None:
    waiting = alice.sends("first")
    await served.call("setWebhook", {"url": hook.url, "secret_token": "s3cret"})
    sent = [waiting, *(alice.sends(str(number)) for number in range(20))]
    await until(lambda: not served.world.updates.pending)
    assert hook.received == sent
    assert set(hook.secrets) == {"s3cret"}


async def test_a_queue_posts_one_update_at_a_time(
    served: Simulator, alice: Person, hook: Hook
) -> None:
    hook.gate.clear()
    await served.call("setWebhook", {"url": hook.url})
    first, second, tap = alice.sends("1"), alice.sends("2"), alice.taps_data("x", 1)
    bobs = served.person("Bob").sends("3")
    await until(lambda: len(hook.received) == 3)
    # A tap and another chat do not wait for Alice's first message; her second message does.
    assert sorted(update["update_id"] for update in hook.received) == [
        update["update_id"] for update in (first, tap, bobs)
    ]
    hook.gate.set()
    await until(lambda: not served.world.updates.pending)
    assert hook.received[-1] == second


async def test_a_refused_update_is_retried_with_growing_delays(
    served: Simulator, alice: Person, hook: Hook
) -> None:
    served.webhook.pace = 0.0001
    hook.answers = [web.Response(status=500) for _ in range(8)]
    await served.call("setWebhook", {"url": hook.url})
    first, second = alice.sends("1"), alice.sends("2")
    await until(lambda: not served.world.updates.pending)
    assert hook.received == [first] * 9 + [second]
    assert served.webhook.waits == [0, 2, 4, 8, 16, 32, 60, 60]


async def test_a_redirect_is_a_failure(served: Simulator, alice: Person, hook: Hook) -> None:
    hook.answers = [
        web.Response(status=301, headers={"Location": hook.url}),
        web.Response(status=204),
    ]
    await served.call("setWebhook", {"url": hook.url})
    update = alice.sends("1")
    await until(lambda: not served.world.updates.pending)
    assert hook.received == [update, update]


async def test_retry_after_is_obeyed_and_the_last_error_reported(
    served: Simulator, alice: Person, hook: Hook
) -> None:
    served.webhook.pace = 0.0001
    hook.answers = [web.Response(status=503, headers={"Retry-After": "7"})]
    await served.call("setWebhook", {"url": hook.url, "allowed_updates": ["message"]})
    alice.sends("1")
    alice.taps_data("x", 1)
    await until(lambda: not served.world.updates.pending)
    assert served.webhook.waits == [7]
    info = (await served.call("getWebhookInfo")).body
    assert isinstance(info, dict)
    assert (
        info["result"]["last_error_message"]
        == "Wrong response from the webhook: 503 Service Unavailable"
    )
    assert (info["result"]["pending_update_count"], info["result"]["allowed_updates"]) == (
        0,
        ["message"],
    )


async def test_an_unreachable_webhook_is_retried(
    served: Simulator, alice: Person, hook: Hook, unused_tcp_port: int
) -> None:
    served.webhook.pace = 0.0001
    await served.call("setWebhook", {"url": f"http://127.0.0.1:{unused_tcp_port}/hook"})
    update = alice.sends("1")
    await until(lambda: len(served.webhook.waits) > 2)
    await served.call("setWebhook", {"url": hook.url})
    await until(lambda: not served.world.updates.pending)
    assert hook.received == [update]


async def test_nothing_is_posted_to_another_machine(served: Simulator, alice: Person) -> None:
    await served.call("setWebhook", {"url": "https://example.org/hook"})
    alice.sends("1")
    await until(lambda: served.webhook.waits)
    assert served.world.webhook.last_error == "The simulator posts to this machine only"
    assert len(served.transcript.deliveries) == 1


async def test_updates_wait_for_polling_after_the_webhook_is_deleted(
    served: Simulator, alice: Person, hook: Hook
) -> None:
    hook.answers = [web.Response(status=500) for _ in range(9)]
    served.webhook.pace = 1000
    await served.call("setWebhook", {"url": hook.url})
    update = alice.sends("1")
    await until(lambda: len(served.webhook.waits) == 2)
    await served.call("deleteWebhook")
    assert served.take_updates() == [update]
    await served.call("setWebhook", {"url": hook.url})
    alice.sends("2")
    dropped = (await served.call("deleteWebhook", {"drop_pending_updates": True})).body
    assert dropped == {"ok": True, "result": True, "description": "Webhook was deleted"}
    assert served.take_updates() == []


async def test_a_call_in_the_webhook_response_causes_a_warning(
    served: Simulator, alice: Person, hook: Hook
) -> None:
    hook.answers = [web.json_response({"method": "sendMessage", "chat_id": alice.id, "text": "x"})]
    await served.call("setWebhook", {"url": hook.url})
    alice.sends("1")
    await until(lambda: not served.world.updates.pending)
    assert served.transcript.warnings == [
        "a call in the answer to a webhook is not simulated and was not done"
    ]


async def test_an_update_may_be_posted_with_a_delay(
    served: Simulator, alice: Person, hook: Hook
) -> None:
    served.faults.add("slow before", method="webhook", person=alice, delay=3600)
    await served.call("setWebhook", {"url": hook.url})
    bob = served.person("Bob")
    alice.sends("late")
    bob.sends("in time")
    await until(lambda: hook.received)
    assert [update["message"]["text"] for update in hook.received] == ["in time"]


async def test_the_response_to_a_posted_update_may_be_slow(
    served: Simulator, alice: Person, hook: Hook
) -> None:
    served.faults.add("slow", method="webhook", delay=0.05)
    await served.call("setWebhook", {"url": hook.url})
    alice.sends("x")
    await until(lambda: hook.received)
    assert served.world.updates.pending
    await until(lambda: not served.world.updates.pending)
    assert len(hook.received) == 1


async def test_held_taps_are_overtaken_by_messages_and_posted_later(
    served: Simulator, alice: Person, hook: Hook
) -> None:
    await served.call("setWebhook", {"url": hook.url})
    served.world.updates.hold(alice.id, taps=True)
    tap = alice.taps_data("x", 1)
    message = alice.sends("1")
    await until(lambda: hook.received == [message])
    served.world.updates.release(alice.id, taps=True)
    await until(lambda: hook.received == [message, tap])
