"""The bot behind a webhook: only Telegram may speak, and an update is acknowledged once its work is committed, never before."""

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
from bot.updates.webhook import WebhookRefused
from simulator.faults import FaultKind
from simulator.simulator import Simulator
from simulator.state.world import Webhook
from tests.kit.bot import ADMIN_ID, TOKEN, running
from tests.kit.handlers import echo, failing, on_text, texts
from tests.kit.http import SECRET, SECRET_HEADER, WebhookBot, visits
from tests.kit.raw_database import rows
from tests.kit.waiting import until


@pytest.fixture
async def bot(database_url: str, unused_tcp_port: int) -> AsyncIterator[WebhookBot]:
    """A town where Telegram posts to the bot's webhook; at the end it must have refused nothing and have had every tap answered."""
    async with running(WebhookBot(database_url, unused_tcp_port)) as place:
        yield place


def update_of(bot: WebhookBot, text: str, *, who: str = "Alice") -> dict[str, Any]:
    """Return what Telegram tells of a person who writes a line; it does not post it, so that the test can."""
    update = bot.person_named(who).person.sends(text)
    bot.simulator.take_updates()
    return update


def worked(bot: WebhookBot) -> list[int]:
    return [
        number
        for (number,) in rows(
            bot.app.database.url, "SELECT update_id FROM worked_update ORDER BY update_id"
        )
    ]


class Gate:
    """A behaviour that writes something down and then waits to be let through."""

    def __init__(self) -> None:
        self.reached = 0
        self.opened = asyncio.Event()

    async def passes(self, update: Update, context: Context) -> None:
        await context.uow.clients.choose_zone(context.me, "Asia/Tokyo")
        self.reached += 1
        await self.opened.wait()
        await echo(update, context)


async def test_the_whole_story_by_webhook(bot: WebhookBot) -> None:
    admin, dora, alice, bob = (
        bot.joins("Ada", id=ADMIN_ID),
        bot.joins("Dora"),
        bot.joins("Alice"),
        bot.joins("Bob"),
    )
    await admin.sends("/invite")
    await dora.opens(admin.link("?start=join_"))
    await dora.taps("Keep")
    await dora.taps("Berlin")
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
    assert "Your hold has expired" in bob.last.text

    await alice.sends("/bookings")
    await alice.taps("✅ Wed 25 Nov")
    await alice.taps("Cancel booking", message=alice.last)
    await alice.taps("Yes, cancel")
    assert "Alice cancelled" in dora.last.text
    assert {delivery.way for delivery in bot.simulator.transcript.deliveries} == {"webhook"}
    assert bot.simulator.webhook.waits == []


async def test_telegram_is_told_what_to_post_and_how_to_show_that_it_is_telegram(
    bot: WebhookBot,
) -> None:
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
async def test_whoever_does_not_know_the_secret_is_refused_and_not_read(
    bot: WebhookBot, secret: str | None
) -> None:
    answer = await bot.posts(update_of(bot, "/help"), secret=secret)

    assert (answer.status, answer.text) == (403, "")
    assert (await bot.posts(data=b"{", secret=secret)).status == 403
    assert worked(bot) == []


async def test_what_is_too_large_is_refused(bot: WebhookBot) -> None:
    update = update_of(bot, "/help")
    largest = json.dumps(update).ljust(LARGEST_BODY)

    assert (await bot.posts(data=BytesIO((largest + " ").encode()))).status == 413
    assert worked(bot) == []
    assert (await bot.posts(data=BytesIO(largest.encode()))).status == 200
    assert worked(bot) == [update["update_id"]]


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
async def test_what_is_no_update_is_a_bad_request(
    bot: WebhookBot, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await bot.posts(data=body)

    assert (answer.status, answer.text) == (400, "")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_an_update_that_the_library_cannot_read_is_set_aside(
    bot: WebhookBot, caplog: pytest.LogCaptureFixture
) -> None:
    strange = {"update_id": 5, "message": {"text": "a private matter"}}
    assert (await bot.posts(strange)).status == 200
    update = update_of(bot, "/help")
    assert (await bot.posts(update)).status == 200

    assert "update 5 cannot be read and was set aside: " in caplog.text
    assert "private" not in caplog.text
    assert worked(bot) == [5, update["update_id"]]


async def test_no_yes_before_the_commit(bot: WebhookBot) -> None:
    gate = Gate()
    on_text(bot, "wait", gate.passes)
    update = update_of(bot, "wait")
    post = asyncio.create_task(bot.posts(update))
    await until(lambda: gate.reached)
    assert (
        post.done(),
        worked(bot),
        rows(bot.app.database.url, "SELECT time_zone FROM client"),
    ) == (False, [], [])

    gate.opened.set()
    assert (await post).status == 200
    assert worked(bot) == [update["update_id"]]
    assert rows(bot.app.database.url, "SELECT time_zone FROM client") == [("Asia/Tokyo",)]


async def test_an_update_posted_twice_at_once_is_worked_once(bot: WebhookBot) -> None:
    gate = Gate()
    on_text(bot, "wait", gate.passes)
    update = update_of(bot, "wait")
    posts = [asyncio.create_task(bot.posts(update)) for _ in range(2)]
    await until(lambda: gate.reached)
    gate.opened.set()

    assert [(await post).status for post in posts] == [200, 200]
    assert (await bot.posts(update)).status == 200
    await bot.app.processor.idle()
    assert (gate.reached, texts(bot.person_named("Alice"))) == (1, ["heard wait"])


async def test_failing_work_is_no_success_and_is_done_once_when_it_is_posted_again(
    bot: WebhookBot,
) -> None:
    failures = iter([RuntimeError("once"), RuntimeError("twice")])

    async def recovers(update: Update, context: Context) -> None:
        for failure in failures:
            await failing(failure)(update, context)
        await echo(update, context)

    on_text(bot, "hi", recovers)
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
    assert rows(bot.app.database.url, "SELECT time_zone FROM client") == [(None,)]


async def test_work_that_always_fails_is_set_aside_and_told_and_the_chat_goes_on(
    bot: WebhookBot,
) -> None:
    on_text(bot, "boom", failing(RuntimeError("boom")))
    on_text(bot, "hi", echo)
    bot.simulator.webhook.pace = 0.001
    alice = bot.person_named("Alice")
    alice.person.sends("boom")
    await alice.sends("hi")

    assert [text[:20] for text in texts(alice)] == ["Something went wrong", "heard hi"]
    assert bot.simulator.webhook.waits == [0, 2]


async def test_one_persons_flood_takes_nobody_elses_place(bot: WebhookBot) -> None:
    gate = Gate()
    on_text(bot, "wait", gate.passes)
    on_text(bot, "flood", echo)
    updates = [
        update_of(bot, "wait"),
        *(update_of(bot, f"flood {number:02}") for number in range(99)),
    ]
    posts = [asyncio.create_task(bot.posts(update)) for update in updates]
    await until(lambda: gate.reached and len(_in_hand(bot)) == 100)

    assert bot.app.processor.current_concurrent_updates == 1
    gate.opened.set()
    assert {(await post).status for post in posts} == {200}


def _in_hand(bot: WebhookBot) -> "set[asyncio.Task[None]]":
    assert bot.app.http.webhook
    return bot.app.http.webhook._in_hand


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("", "/"),
        ("/", "/"),
        ("/a/{b}/ü", "/a/%7Bb%7D/%C3%BC"),
        ("/x%20y?z=1", "/x%20y?z=1"),
        ("/healthz/", "/healthz/"),
    ],
)
async def test_the_address_may_have_any_path(
    database_url: str, unused_tcp_port: int, path: str, asked: str
) -> None:
    bot = WebhookBot(database_url, unused_tcp_port, path=path)
    await bot.starts()
    await bot.person_named("Alice").sends("/help")
    assert texts(bot.person_named("Alice"))
    assert (await bot.posts({"update_id": 1}, path=asked)).status == 200
    assert (await bot.posts({"update_id": 1}, path="/elsewhere")).status == 404
    assert (await bot.asks(asked)).status == 405
    assert (await bot.asks("/elsewhere")).status == 404
    assert (await bot.asks("/healthz")).status == 200
    await bot.ends()


async def test_it_is_of_use_once_it_is_registered(bot: WebhookBot) -> None:
    assert bot.app.http.webhook
    assert (await bot.asks("/readyz")).status == 200
    bot.app.http.webhook.registered = False
    told = await bot.asks("/readyz")

    assert (told.status, json.loads(told.text)["checks"]["telegram"]) == (
        503,
        "the webhook is not registered yet",
    )


async def test_an_update_is_asked_for_again_while_the_bot_is_not_open_for_any(
    bot: WebhookBot,
) -> None:
    assert bot.app.http.webhook
    bot.app.http.webhook.close()
    refused = await bot.posts(update_of(bot, "/help"))
    assert (refused.status, refused.headers["Retry-After"], worked(bot)) == (503, "1", [])

    bot.app.http.webhook.open()
    assert (await bot.posts(update_of(bot, "/help"))).status == 200


async def test_a_drain_finishes_what_is_in_hand_and_takes_nothing_new(bot: WebhookBot) -> None:
    gate = Gate()
    on_text(bot, "wait", gate.passes)
    update = update_of(bot, "wait")
    in_hand = asyncio.create_task(bot.posts(update))
    await until(lambda: gate.reached)
    bot.app.http.drain()
    assert (await bot.posts(update_of(bot, "/help", who="Bob"))).status == 503
    assert bot.app.http.webhook
    drained = asyncio.create_task(bot.app.http.webhook.drained())
    gate.opened.set()
    await drained

    assert (await in_hand).status == 200
    await bot.app.processor.idle()
    assert texts(bot.person_named("Alice")) == ["heard wait"]
    assert worked(bot) == [update["update_id"]]


async def test_what_does_not_end_in_a_drain_is_given_back(
    bot: WebhookBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.updates.webhook._DRAIN_SECONDS", 0.1)
    gate = Gate()
    on_text(bot, "wait", gate.passes)
    in_hand = asyncio.create_task(bot.posts(update_of(bot, "wait")))
    await until(lambda: gate.reached)
    assert bot.app.http.webhook
    await bot.app.http.webhook.drained()

    assert (await in_hand).status == 503
    assert worked(bot) == []


async def test_neither_the_secret_nor_what_is_posted_is_logged(
    bot: WebhookBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    on_text(bot, "boom", failing(RuntimeError("boom")))
    update = update_of(bot, "boom a private matter")
    await bot.posts(update)
    await bot.posts(update, secret="a guess")
    await bot.posts(data=b'{"a private matter')

    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("bot")
    )
    assert (
        f"update {update['update_id']} was not committed and will be posted again: WorkFailed"
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


async def test_it_serves_before_it_registers_and_asks_until_it_is_answered(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    simulator.faults.add(FaultKind.SERVER_ERROR, method="setWebhook", times=2)
    alice = simulator.person("Alice")
    task = asyncio.create_task(run(settings_for(simulator, database_url, unused_tcp_port), TOKEN))
    await until(lambda: simulator.transcript.calls_of("setWebhook"))
    early = await visits(unused_tcp_port, "/readyz")
    known = await visits(
        unused_tcp_port,
        "/telegram",
        method="POST",
        json={"update_id": 1},
        headers={SECRET_HEADER: SECRET},
    )
    alice.sends("/help")
    await until(lambda: [message for message in alice.chat.messages if message.sender == "bot"])
    ready = await visits(unused_tcp_port, "/readyz")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

    assert (early.status, known.status, ready.status) == (503, 200, 200)
    assert simulator.world.webhook.url.endswith("/telegram")
    assert simulator.transcript.calls_of("getUpdates") == []


async def test_an_address_that_telegram_refuses_ends_it_with_a_sentence(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    settings = settings_for(
        simulator, database_url, unused_tcp_port, "https://bot.example:8080/telegram"
    )
    with pytest.raises(
        WebhookRefused,
        match=r"^WEBHOOK_URL: Telegram will not post updates there: .*only on ports 80, 88, 443 or 8443\.$",
    ):
        await run(settings, TOKEN)


async def test_telegram_is_asked_again_where_it_could_not_find_the_address_just_now(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    simulator.world.faults.add(FaultKind.UNRESOLVED, method="setWebhook")
    async with started(settings_for(simulator, database_url, unused_tcp_port)):
        await until(lambda: simulator.world.webhook.url)

    assert len(simulator.transcript.calls_of("setWebhook")) == 2


async def test_an_address_that_somebody_took_away_is_registered_again(
    simulator: Simulator, database_url: str, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.updates.webhook._LOOK_SECONDS", 0.05)
    async with started(settings_for(simulator, database_url, unused_tcp_port)):
        await until(lambda: simulator.world.webhook.url)
        simulator.world.webhook = Webhook()
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


async def test_a_token_that_is_refused_ends_it(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    with pytest.raises(InvalidToken):
        await run(settings_for(simulator, database_url, unused_tcp_port), "2:wrong")


async def test_what_is_in_hand_when_it_is_told_to_end_is_committed_and_answered_first(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    gate, alice, bob = Gate(), simulator.person("Alice"), simulator.person("Bob")

    async def prepares(app: App) -> None:
        app.application.handlers[0].insert(0, MessageHandler(filters.Regex("^wait"), gate.passes))

    task = asyncio.create_task(
        run(settings_for(simulator, database_url, unused_tcp_port), TOKEN, ready=prepares)
    )
    in_hand = alice.sends("wait")
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

    assert rows(database_url, "SELECT update_id FROM worked_update") == [(in_hand["update_id"],)]
    assert [message.text for message in alice.chat.messages if message.sender == "bot"] == [
        "heard wait"
    ]


async def test_it_stops_within_ten_seconds_while_work_and_answers_hang(
    simulator: Simulator, database_url: str, unused_tcp_port: int
) -> None:
    alice, bob = simulator.person("Alice"), simulator.person("Bob")
    simulator.faults.add(FaultKind.SILENCE, method="sendMessage", times=None)
    task = asyncio.create_task(
        run(settings_for(simulator, database_url, unused_tcp_port), TOKEN, patience=60)
    )
    await until(lambda: simulator.world.webhook.url)
    for person in (alice, alice, bob):
        person.sends("/help")
    await until(lambda: len(simulator.transcript.calls_of("sendMessage")) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(10):
            await task

    # What Alice wrote second may be committed as well, since a hanging answer keeps her chat for a second at most. It is never lost.
    worked = len(rows(database_url, "SELECT update_id FROM worked_update"))
    assert worked in {2, 3}
    assert worked + len(simulator.world.updates.pending) == 3
