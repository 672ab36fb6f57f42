"""The webhook accepts only Telegram's requests, and acknowledges updates after their commit."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from typing import Any

import pytest
from telegram import Update
from telegram.error import InvalidToken
from telegram.ext import MessageHandler, filters

from bot.app import App
from bot.dialogue.context import Context
from bot.http.server import LARGEST_BODY
from bot.lifecycle import run
from bot.settings import Settings
from bot.updates.webhook import Webhook, WebhookRefused
from simulator.faults import FaultKind
from simulator.simulator import Simulator
from simulator.state.world import Webhook as SimulatedWebhook
from tests.kit.bot import ADMIN_ID, TOKEN, running
from tests.kit.handlers import echo, on_text, raising, texts
from tests.kit.http import SECRET, SECRET_HEADER, WebhookBot, http_request
from tests.kit.raw_database import rows
from tests.kit.waiting import until


@pytest.fixture
async def bot(database_url: str, unused_tcp_port: int) -> AsyncIterator[WebhookBot]:
    """A bot with a webhook; at the end Telegram has refused nothing and every tap is answered."""
    async with running(WebhookBot(database_url, unused_tcp_port)) as harness:
        yield harness


def update_of(bot: WebhookBot, text: str, *, who: str = "Alice") -> dict[str, Any]:
    """Return the update of a person's message; Telegram does not post it, so the test can."""
    update = bot.person_named(who).person.sends(text)
    bot.simulator.take_updates()
    return update


def processed(bot: WebhookBot) -> list[int]:
    return [
        number
        for (number,) in rows(
            bot.app.database.url, "SELECT update_id FROM processed_update ORDER BY update_id"
        )
    ]


class Gate:
    """A handler that writes to the database and then waits until the gate is opened."""

    def __init__(self) -> None:
        self.reached = 0
        self.opened = asyncio.Event()

    async def handle(self, update: Update, context: Context) -> None:
        await context.uow.people.choose_zone(context.me, "Asia/Tokyo")
        self.reached += 1
        await self.opened.wait()
        await echo(update, context)


async def test_a_whole_booking_story_by_webhook(bot: WebhookBot) -> None:
    admin, dora, alice, bob = (
        bot.joins("Ada", id=ADMIN_ID),
        bot.joins("Dora"),
        bot.joins("Alice"),
        bot.joins("Bob"),
    )
    await admin.sends("/invite")
    await admin.taps("A provider")
    await dora.opens(admin.link("?start=join_"))
    await dora.taps("Keep")
    await dora.taps("Keep Berlin")
    await dora.sends("/hours")
    await dora.sends("Wednesday 25 November 8am-10am")
    await dora.taps("Publish")
    for client, time in ((alice, "09:15"), (bob, "09:30")):
        await client.sends("/book")
        await client.taps("25")
        await client.taps(time)
    await alice.taps("Confirm")
    assert alice.card.text.startswith("✅ Booked")
    assert dora.sees("New booking from Alice")

    await bot.advances(minutes=25)
    assert bob.sees("5 minutes")
    await bot.advances(minutes=5)
    bob.last.shows("Your hold has expired")

    await alice.sends("/bookings")
    await alice.taps("✅ Wed 25 Nov")
    await alice.taps("Cancel booking", message=alice.last)
    await alice.taps("Yes, cancel")
    dora.last.shows("Alice cancelled")
    assert {delivery.way for delivery in bot.simulator.transcript.deliveries} == {"webhook"}
    assert bot.simulator.webhook.waits == []


async def test_the_webhook_is_registered_with_a_secret_and_the_used_kinds(bot: WebhookBot) -> None:
    [call] = bot.simulator.transcript.calls_of("setWebhook")

    assert call.params["secret_token"] == SECRET
    assert call.params["allowed_updates"] == [
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    ]
    assert call.params["max_connections"] == "40"
    assert call.params.get("drop_pending_updates", "false") == "false"


@pytest.mark.parametrize(
    "secret", [None, "", "wrong", SECRET[:-1], SECRET + "1", SECRET.upper(), "schön"]
)
async def test_a_request_without_the_secret_is_refused_unread(
    bot: WebhookBot, secret: str | None
) -> None:
    answer = await bot.posts(update_of(bot, "/help"), secret=secret)

    assert (answer.status, answer.text) == (403, "")
    assert (await bot.posts(data=b"{", secret=secret)).status == 403
    assert processed(bot) == []


async def test_a_request_that_is_too_large_is_refused(bot: WebhookBot) -> None:
    update = update_of(bot, "/help")
    largest = json.dumps(update).ljust(LARGEST_BODY)

    assert (await bot.posts(data=BytesIO((largest + " ").encode()))).status == 413
    assert processed(bot) == []
    assert (await bot.posts(data=BytesIO(largest.encode()))).status == 200
    assert processed(bot) == [update["update_id"]]


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"{",
            b"nonsense",
            b"\xff\xfe",
            b"null",
            b"7",
            b'"text"',
            b"[]",
            b"[" * 500_000,
            b"{}",
            b'{"message": {}}',
        ),
        *(
            b'{"update_id": %s}' % number
            for number in (
                b'"1"',
                b"true",
                b"1.0",
                b"-1",
                b"null",
                b"9223372036854775808",
                b"9" * 5000,
            )
        ),
    ],
    ids=lambda body: body[:30].decode("latin-1"),
)
async def test_a_body_that_is_not_an_update_is_a_bad_request(
    bot: WebhookBot, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await bot.posts(data=body)

    assert (answer.status, answer.text) == (400, "")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_an_unreadable_update_is_set_aside(
    bot: WebhookBot, caplog: pytest.LogCaptureFixture
) -> None:
    strange = {"update_id": 5, "message": {"text": "a private matter"}}
    assert (await bot.posts(strange)).status == 200
    update = update_of(bot, "/help")
    assert (await bot.posts(update)).status == 200

    assert "update 5 cannot be read and was set aside: " in caplog.text
    assert "private" not in caplog.text
    assert processed(bot) == [5, update["update_id"]]


async def test_no_success_before_the_commit(bot: WebhookBot) -> None:
    gate = Gate()
    on_text(bot, "wait", gate.handle)
    update = update_of(bot, "wait")
    post = asyncio.create_task(bot.posts(update))
    await until(lambda: gate.reached)
    assert (
        post.done(),
        processed(bot),
        rows(bot.app.database.url, "SELECT time_zone FROM person"),
    ) == (False, [], [])

    gate.opened.set()
    assert (await post).status == 200
    assert processed(bot) == [update["update_id"]]
    assert rows(bot.app.database.url, "SELECT time_zone FROM person") == [("Asia/Tokyo",)]


async def test_an_update_posted_twice_at_once_is_processed_once(bot: WebhookBot) -> None:
    gate = Gate()
    on_text(bot, "wait", gate.handle)
    update = update_of(bot, "wait")
    posts = [asyncio.create_task(bot.posts(update)) for _ in range(2)]
    await until(lambda: gate.reached)
    gate.opened.set()

    assert [(await post).status for post in posts] == [200, 200]
    assert (await bot.posts(update)).status == 200
    await bot.app.replies.idle()
    assert (gate.reached, texts(bot.person_named("Alice"))) == (1, ["heard wait"])


async def test_a_failed_update_is_not_acknowledged_and_is_processed_when_posted_again(
    bot: WebhookBot,
) -> None:
    failures = iter([RuntimeError("once"), RuntimeError("twice")])

    async def recover(update: Update, context: Context) -> None:
        for failure in failures:
            await raising(failure)(update, context)
        await echo(update, context)

    on_text(bot, "hi", recover)
    bot.simulator.webhook.pace = 0.001
    alice = bot.person_named("Alice")
    await alice.sends("hi")

    assert texts(alice) == ["heard hi"]
    assert bot.simulator.webhook.waits == [0, 2]
    assert (
        bot.simulator.world.webhook.last_error
        == "Wrong response from the webhook: 500 Internal Server Error"
    )
    assert rows(bot.app.database.url, "SELECT attempts, set_aside FROM failed_update") == [(2, 0)]
    assert rows(bot.app.database.url, "SELECT time_zone FROM person") == [(None,)]


async def test_an_update_that_always_fails_is_set_aside_and_the_chat_goes_on(
    bot: WebhookBot,
) -> None:
    on_text(bot, "boom", raising(RuntimeError("boom")))
    on_text(bot, "hi", echo)
    bot.simulator.webhook.pace = 0.001
    alice = bot.person_named("Alice")
    alice.person.sends("boom")
    await alice.sends("hi")

    assert [text[:20] for text in texts(alice)] == ["Something went wrong", "heard hi"]
    assert bot.simulator.webhook.waits == [0, 2]


async def test_one_persons_flood_occupies_one_processor_slot(bot: WebhookBot) -> None:
    gate = Gate()
    on_text(bot, "wait", gate.handle)
    on_text(bot, "flood", echo)
    updates = [
        update_of(bot, "wait"),
        *(update_of(bot, f"flood {number:02}") for number in range(99)),
    ]
    posts = [asyncio.create_task(bot.posts(update)) for update in updates]
    await until(lambda: gate.reached and _webhook(bot).in_flight == 100)

    assert bot.app.processor.in_progress == 1
    gate.opened.set()
    assert {(await post).status for post in posts} == {200}


def _webhook(bot: WebhookBot) -> Webhook:
    assert bot.app.http.webhook
    return bot.app.http.webhook


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("", "/"),
        ("/", "/"),
        ("/a/{b}/ü", "/a/%7Bb%7D/%C3%BC"),
        ("/x%20y?z=1", "/x%20y?z=1"),
        ("/healthz/", "/healthz/"),
    ],
)
async def test_the_webhook_may_have_any_path(
    database_url: str, unused_tcp_port: int, path: str, address: str
) -> None:
    bot = WebhookBot(database_url, unused_tcp_port, path=path)
    await bot.starts()
    await bot.person_named("Alice").sends("/help")
    assert texts(bot.person_named("Alice"))
    assert (await bot.posts({"update_id": 1}, path=address)).status == 200
    assert (await bot.posts({"update_id": 1}, path="/elsewhere")).status == 404
    assert (await bot.request(address)).status == 405
    assert (await bot.request("/elsewhere")).status == 404
    assert (await bot.request("/healthz")).status == 200
    await bot.ends()


async def test_the_bot_is_ready_once_the_webhook_is_registered(bot: WebhookBot) -> None:
    assert (await bot.request("/readyz")).status == 200
    _webhook(bot).registered = False
    answer = await bot.request("/readyz")

    assert (answer.status, json.loads(answer.text)["checks"]["telegram"]) == (
        503,
        "the webhook is not registered yet",
    )


async def test_a_closed_webhook_asks_for_a_retry(bot: WebhookBot) -> None:
    _webhook(bot).close()
    refused = await bot.posts(update_of(bot, "/help"))
    assert (refused.status, refused.headers["Retry-After"], processed(bot)) == (503, "1", [])

    _webhook(bot).open()
    assert (await bot.posts(update_of(bot, "/help"))).status == 200


async def test_a_drain_finishes_updates_in_progress_and_accepts_no_new_ones(
    bot: WebhookBot,
) -> None:
    gate = Gate()
    on_text(bot, "wait", gate.handle)
    update = update_of(bot, "wait")
    in_progress = asyncio.create_task(bot.posts(update))
    await until(lambda: gate.reached)
    bot.app.http.drain()
    assert (await bot.posts(update_of(bot, "/help", who="Bob"))).status == 503
    drained = asyncio.create_task(_webhook(bot).drain())
    gate.opened.set()
    await drained

    assert (await in_progress).status == 200
    await bot.app.replies.idle()
    assert texts(bot.person_named("Alice")) == ["heard wait"]
    assert processed(bot) == [update["update_id"]]


async def test_an_update_that_outlasts_the_drain_is_not_acknowledged(bot: WebhookBot) -> None:
    gate = Gate()
    on_text(bot, "wait", gate.handle)
    in_progress = asyncio.create_task(bot.posts(update_of(bot, "wait")))
    await until(lambda: gate.reached)
    await _webhook(bot).drain(seconds=0.1)

    assert (await in_progress).status == 503
    assert processed(bot) == []


async def test_neither_the_secret_nor_the_posted_text_is_logged(
    bot: WebhookBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    on_text(bot, "boom", raising(RuntimeError("boom")))
    update = update_of(bot, "boom a private matter")
    await bot.posts(update)
    await bot.posts(update, secret="a guess")
    await bot.posts(data=b'{"a private matter')

    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("bot")
    )
    assert (
        f"update {update['update_id']} was not committed and will be posted again: UpdateFailed"
        in ours
    )
    assert not [part for part in (SECRET, "private", "a guess") if part in caplog.text]


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


def settings_for(
    simulator: Simulator, url: str, port: int, webhook_url: str | None = None
) -> Settings:
    return Settings(
        _env_file=None,
        telegram_api_url=simulator.url,
        database_url=url,
        listen=f"127.0.0.1:{port}",
        webhook_url=webhook_url or f"http://127.0.0.1:{port}/telegram",
        webhook_secret=SECRET,
    )


async def test_the_bot_serves_before_it_registers_and_retries_until_answered(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    simulator.faults.add(FaultKind.SERVER_ERROR, method="setWebhook", times=2)
    alice = simulator.person("Alice")
    task = asyncio.create_task(run(settings_for(simulator, database_url, unused_tcp_port), TOKEN))
    await until(lambda: simulator.transcript.calls_of("setWebhook"))
    early = await http_request(unused_tcp_port, "/readyz")
    known = await http_request(
        unused_tcp_port,
        "/telegram",
        method="POST",
        json={"update_id": 1},
        headers={SECRET_HEADER: SECRET},
    )
    alice.sends("/help")
    await until(lambda: [message for message in alice.chat.messages if message.sender == "bot"])
    ready = await http_request(unused_tcp_port, "/readyz")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

    assert (early.status, known.status, ready.status) == (503, 200, 200)
    assert simulator.world.webhook.url.endswith("/telegram")
    assert simulator.transcript.calls_of("getUpdates") == []


async def test_a_url_that_telegram_refuses_ends_the_bot_with_a_message(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    settings = settings_for(
        simulator, database_url, unused_tcp_port, "https://bot.example:8080/telegram"
    )
    with pytest.raises(
        WebhookRefused,
        match=r"^WEBHOOK_URL: Telegram will not post updates there: "
        r".*only on ports 80, 88, 443 or 8443\.$",
    ):
        await run(settings, TOKEN)


async def test_registration_is_retried_if_the_host_does_not_resolve(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    simulator.world.faults.add(FaultKind.UNRESOLVED, method="setWebhook")
    async with started(settings_for(simulator, database_url, unused_tcp_port)):
        await until(lambda: simulator.world.webhook.url)

    assert len(simulator.transcript.calls_of("setWebhook")) == 2


async def test_a_removed_webhook_is_registered_again(
    simulator: Simulator, database_url: str, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.updates.webhook.CHECK_SECONDS", 0.05)
    async with started(settings_for(simulator, database_url, unused_tcp_port)):
        await until(lambda: simulator.world.webhook.url)
        simulator.world.webhook = SimulatedWebhook()
        await until(lambda: simulator.world.webhook.url)

    assert len(simulator.transcript.calls_of("setWebhook")) == 2


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[None]:
    """Run the bot for a block."""
    task = asyncio.create_task(run(settings, TOKEN))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_refused_token_ends_the_bot(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    with pytest.raises(InvalidToken):
        await run(settings_for(simulator, database_url, unused_tcp_port), "2:wrong")


async def test_updates_in_progress_at_shutdown_are_committed_and_answered(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    gate, alice, bob = Gate(), simulator.person("Alice"), simulator.person("Bob")

    async def prepare(app: App) -> None:
        app.application.handlers[0].insert(0, MessageHandler(filters.Regex("^wait"), gate.handle))

    task = asyncio.create_task(
        run(settings_for(simulator, database_url, unused_tcp_port), TOKEN, ready=prepare)
    )
    in_progress = alice.sends("wait")
    await until(lambda: gate.reached)
    task.cancel()
    bob.sends("/help")
    await until(
        lambda: (
            simulator.world.webhook.last_error
            == "Wrong response from the webhook: 503 Service Unavailable"
        )
    )
    gate.opened.set()
    with suppress(asyncio.CancelledError):
        await task

    assert rows(database_url, "SELECT update_id FROM processed_update") == [
        (in_progress["update_id"],)
    ]
    assert [message.text for message in alice.chat.messages if message.sender == "bot"] == [
        "heard wait"
    ]


async def test_the_bot_stops_within_ten_seconds_while_updates_and_replies_hang(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    alice, bob = simulator.person("Alice"), simulator.person("Bob")
    simulator.faults.add(FaultKind.SILENCE, method="sendMessage", times=None)
    task = asyncio.create_task(
        run(settings_for(simulator, database_url, unused_tcp_port), TOKEN, read_timeout=60)
    )
    await until(lambda: simulator.world.webhook.url)
    for person in (alice, alice, bob):
        person.sends("/help")
    await until(lambda: len(simulator.transcript.calls_of("sendMessage")) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(10):
            await task

    # Alice's second message may be committed too: a hanging reply holds the chat lock for a second
    # at most. It is never lost.
    committed = len(rows(database_url, "SELECT update_id FROM processed_update"))
    assert committed in {2, 3}
    assert committed + len(simulator.world.updates.pending) == 3
