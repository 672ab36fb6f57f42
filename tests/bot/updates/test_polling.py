"""The running bot: long polling against a Telegram that misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from telegram import Update
from telegram.error import InvalidToken
from telegram.ext import MessageHandler, filters

from bot.app import App
from bot.dialogue.context import Context
from bot.lifecycle import run
from bot.messages.screen import Screen
from bot.observability.health import run_checks, updates_check
from bot.settings import Settings
from bot.updates.polling import FetchedUpdates
from bot.updates.processor import MAX_CONCURRENT_UPDATES
from simulator.faults import FaultKind
from simulator.simulator import Simulator
from simulator.state.people import Person
from tests.kit.bot import TOKEN, BotHarness
from tests.kit.chat import ChatUser
from tests.kit.handlers import raising
from tests.kit.raw_database import rows
from tests.kit.waiting import until

# Polling does not depend on the database; replicas that poll have their own tests.
pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


@asynccontextmanager
async def running_bot(
    simulator: Simulator,
    url: str,
    *,
    token: str = TOKEN,
    read_timeout: float = 0.5,
    poll_seconds: int = 1,
    ready: Callable[[App], Awaitable[None]] | None = None,
) -> AsyncIterator[asyncio.Task[None]]:
    """Run the bot for a block."""
    settings = Settings(
        _env_file=None, telegram_api_url=simulator.url, database_url=url, listen="127.0.0.1:0"
    )
    task = asyncio.create_task(
        run(settings, token, read_timeout=read_timeout, poll_seconds=poll_seconds, ready=ready)
    )
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, InvalidToken):
            await task


def received(person: Person) -> list[str]:
    return [message.text for message in person.chat.messages if message.sender == "bot"]


async def test_a_running_bot_answers(simulator: Simulator, database_url: str) -> None:
    alice = simulator.person("Alice")
    async with running_bot(simulator, database_url):
        alice.sends("/help")
        await until(lambda: received(alice))
        alice.sends("/help")
        await until(lambda: len(received(alice)) == 2)

    assert simulator.transcript.warnings == []


async def test_an_update_is_acknowledged_only_once_it_is_committed(
    simulator: Simulator, database_url: str
) -> None:
    acknowledged: list[tuple[int, set[int]]] = []
    fetch = simulator.world.updates.fetch

    def watched(offset: int, limit: int) -> Any:
        acknowledged.append(
            (
                offset,
                {
                    number
                    for (number,) in rows(database_url, "SELECT update_id FROM processed_update")
                },
            )
        )
        return fetch(offset, limit)

    object.__setattr__(simulator.world, "updates", _Watched(simulator.world.updates, watched))
    people = [simulator.person(f"Person {number}") for number in range(30)]
    async with running_bot(simulator, database_url):
        sent = [person.sends("/help")["update_id"] for _ in range(3) for person in people]
        await until(lambda: any(offset > sent[-1] for offset, _ in acknowledged))

    for offset, committed in acknowledged:
        assert {number for number in sent if number < offset} <= committed
    assert {len(received(person)) for person in people} == {3}


class _Watched:
    """The queue of updates, with another ``fetch``."""

    def __init__(self, updates: Any, fetch: Any) -> None:
        self._updates, self.fetch = updates, fetch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._updates, name)


@pytest.mark.parametrize(
    "fault",
    [
        FaultKind.SERVER_ERROR,
        FaultKind.BAD_GATEWAY,
        FaultKind.FLOOD,
        FaultKind.SILENCE,
        FaultKind.CUT_BEFORE,
        FaultKind.CUT_AFTER,
    ],
)
async def test_polling_survives_errors(
    simulator: Simulator, database_url: str, fault: FaultKind
) -> None:
    alice = simulator.person("Alice")
    simulator.faults.add(fault, method="getUpdates", retry_after=1)
    async with running_bot(simulator, database_url):
        await until(lambda: simulator.transcript.calls_of("getUpdates"))
        alice.sends("/help")
        await until(lambda: received(alice))

    assert len(received(alice)) == 1


async def test_polling_survives_another_poller(
    simulator: Simulator, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    alice = simulator.person("Alice")
    async with running_bot(simulator, database_url):
        await until(lambda: simulator.world.poll)
        await simulator.call("getUpdates", {"timeout": 0})
        alice.sends("/help")
        await until(lambda: received(alice))

    assert "another program polls with this token" in caplog.text


async def test_telegram_may_be_unavailable_at_the_start(
    simulator: Simulator, database_url: str
) -> None:
    alice = simulator.person("Alice")
    for method in ("getMe", "setMyCommands", "deleteWebhook"):
        simulator.faults.add(FaultKind.SERVER_ERROR, method=method)
    async with running_bot(simulator, database_url):
        alice.sends("/help")
        await until(lambda: received(alice))


async def test_the_bots_description_is_set_in_every_language(
    simulator: Simulator, database_url: str
) -> None:
    async with running_bot(simulator, database_url):
        await until(lambda: "de" in simulator.world.profile.short_descriptions)

    for language, part in (
        (None, "Book an appointment in seconds"),
        ("de", "Termin in Sekunden buchen"),
    ):
        for method, field in (
            ("getMyDescription", "description"),
            ("getMyShortDescription", "short_description"),
        ):
            body = (
                await simulator.call(method, {"language_code": language} if language else {})
            ).body
            assert isinstance(body, dict)
            assert body["result"][field].startswith(part)


async def test_the_bot_answers_although_its_description_cannot_be_set(
    simulator: Simulator, database_url: str
) -> None:
    alice = simulator.person("Alice")
    simulator.faults.add(FaultKind.SERVER_ERROR, method="setMyDescription", times=None)
    async with running_bot(simulator, database_url):
        alice.sends("/help")
        await until(lambda: received(alice))


async def test_a_repeated_error_is_logged_once(
    simulator: Simulator, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    alice = simulator.person("Alice")
    simulator.faults.add(FaultKind.SERVER_ERROR, method="getUpdates", times=3)
    caplog.set_level("INFO", "bot.updates.polling")
    async with running_bot(simulator, database_url):
        alice.sends("/help")
        await until(lambda: received(alice))

    logged = [record.message for record in caplog.records if record.name == "bot.updates.polling"]
    assert [line.split(":")[0] for line in logged] == [
        "Telegram did not answer; the first retry is in 0.5 seconds",
        "Telegram answers again",
    ]


async def test_a_refused_token_ends_the_bot(simulator: Simulator, database_url: str) -> None:
    async with running_bot(simulator, database_url, token="2:wrong") as task:
        with pytest.raises(InvalidToken):
            await task


async def test_a_token_revoked_later_ends_the_bot(simulator: Simulator, database_url: str) -> None:
    async with running_bot(simulator, database_url) as task:
        await until(lambda: simulator.world.poll)
        simulator.world.token = "1:new"
        simulator.world.end_poll("revoked")
        with pytest.raises(InvalidToken):
            await task


async def test_an_existing_webhook_is_deleted(simulator: Simulator, database_url: str) -> None:
    await simulator.call("setWebhook", {"url": "https://bot.invalid/hook"})
    alice = simulator.person("Alice")
    async with running_bot(simulator, database_url):
        alice.sends("/help")
        await until(lambda: received(alice))

    assert simulator.world.webhook.url == ""


async def test_a_chat_that_times_out_does_not_stop_polling_for_others(
    simulator: Simulator, database_url: str
) -> None:
    alice, bob = simulator.person("Alice"), simulator.person("Bob")
    simulator.faults.add(FaultKind.SILENCE, method="sendMessage", person=alice, times=None)
    async with running_bot(simulator, database_url, read_timeout=20):
        alice.sends("/help")
        alice.sends("/help")
        await until(lambda: simulator.transcript.calls_of("sendMessage"))
        bob.sends("/help")
        await until(lambda: received(bob))
        bob.sends("/help")
        await until(lambda: len(received(bob)) == 2)

    assert (received(alice), len(received(bob))) == ([], 2)


async def test_sending_does_not_block_polling(
    simulator: Simulator, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.SPARE_CONNECTIONS", 1 - MAX_CONCURRENT_UPDATES)
    alice, bob = simulator.person("Alice"), simulator.person("Bob")
    simulator.faults.add(FaultKind.SILENCE, method="sendMessage", person=alice)
    async with running_bot(simulator, database_url, read_timeout=20):
        alice.sends("/help")
        await until(lambda: simulator.transcript.calls_of("sendMessage"))
        sent = bob.sends("/help")
        await until(lambda: sent in [each.update for each in simulator.transcript.deliveries])

    assert received(alice) == []


@pytest.mark.parametrize(
    ("result", "logged"),
    [
        (
            [None, 7, "update", {}, {"update_id": "7"}, {"update_id": True}, {"update_id": 1}],
            "ignored 6 of 7 updates: they have no number",
        ),
        ([None, {}], "contains no update number"),
        ({"update_id": 1}, "not a list of updates"),
    ],
)
async def test_results_that_are_not_updates_are_logged_and_ignored(
    simulator: Simulator,
    database_url: str,
    caplog: pytest.LogCaptureFixture,
    result: Any,
    logged: str,
) -> None:
    fetch, answers = simulator.world.updates.fetch, [result]
    watched = _Watched(
        simulator.world.updates, lambda *args: answers.pop() if answers else fetch(*args)
    )
    object.__setattr__(simulator.world, "updates", watched)
    alice = simulator.person("Alice")
    async with running_bot(simulator, database_url):
        alice.sends("/help")
        await until(lambda: received(alice))

    assert logged in caplog.text


async def test_acknowledged_updates_are_forgotten_while_others_are_in_progress(
    bot: BotHarness, alice: ChatUser
) -> None:
    fetched = FetchedUpdates(bot.app.receiver, commit_wait=0)
    for _ in range(10):
        update = alice.person.sends("/help")
        await fetched.process(bot.simulator.take_updates())
        assert fetched.tracked == [fetched.offset] == [update["update_id"]]
        await until(lambda: not fetched.uncommitted)
    await fetched.stop()


async def test_a_failing_update_is_set_aside_and_its_chat_stays_in_order(
    simulator: Simulator, database_url: str
) -> None:
    alice, bob = simulator.person("Alice"), simulator.person("Bob")
    poison = alice.sends("boom")
    after = alice.sends("/help")

    async def prepare(app: App) -> None:
        app.application.handlers[0].insert(
            0, MessageHandler(filters.Text(["boom"]), raising(RuntimeError("boom")))
        )

    async with running_bot(simulator, database_url, ready=prepare):
        bob.sends("/help")
        await until(lambda: received(bob))
        await until(lambda: received(alice))

    processed = [
        number
        for (number,) in rows(
            database_url, "SELECT update_id FROM processed_update ORDER BY processed_at"
        )
    ]
    assert processed.index(poison["update_id"]) < processed.index(after["update_id"])
    assert rows(database_url, "SELECT update_id, attempts, set_aside FROM failed_update") == [
        (poison["update_id"], 3, 1)
    ]


async def test_an_unreadable_update_does_not_stop_others(
    simulator: Simulator, database_url: str
) -> None:
    alice = simulator.person("Alice")
    simulator.world.updates.add("message", {"chat": alice.chat.as_json()})
    alice.sends("/help")
    async with running_bot(simulator, database_url):
        await until(lambda: received(alice))
        alice.sends("/help")
        await until(lambda: len(received(alice)) == 2)
        await until(lambda: not simulator.world.updates.pending)


async def test_a_malformed_update_among_many_stops_no_other(
    simulator: Simulator, database_url: str
) -> None:
    alice, bob = simulator.person("Alice"), simulator.person("Bob")
    for _ in range(3):
        odd = alice.sends("/help")
        odd["message"]["from"] = {**odd["message"]["from"], "first_name": None}
    alice.blocks()["my_chat_member"]["from"]["first_name"] = None
    for _ in range(120):
        bob.sends("/help")
    async with running_bot(simulator, database_url):
        await until(lambda: not simulator.world.updates.pending)

    assert len(rows(database_url, "SELECT update_id FROM processed_update")) == 124


async def test_a_quiet_bot_is_ready_at_once(simulator: Simulator, database_url: str) -> None:
    apps: list[App] = []

    async def keep(app: App) -> None:
        apps.append(app)

    async with running_bot(simulator, database_url, poll_seconds=3600, ready=keep):
        await until(lambda: apps and apps[0].heartbeat.age is not None)


async def test_an_update_that_stays_in_progress_fails_the_health_check(
    simulator: Simulator, database_url: str
) -> None:
    alice, apps, gate = simulator.person("Alice"), list[App](), asyncio.Event()

    async def hangs(update: Update, context: Context) -> None:
        await gate.wait()

    async def keep(app: App) -> None:
        apps.append(app)
        app.application.handlers[0].insert(0, MessageHandler(filters.Text(["hang"]), hangs))

    async with running_bot(simulator, database_url, ready=keep):
        alice.sends("hang")
        await until(lambda: apps and apps[0].receiver.oldest_age > 0.05)
        result = await run_checks([updates_check(lambda: apps[0].receiver.oldest_age + 60)])
        gate.set()
        await until(lambda: apps[0].receiver.oldest_age == 0)

    assert result == {"updates": "an update has been in progress for 60 seconds"}


async def test_a_redelivered_update_is_processed_once(
    simulator: Simulator, database_url: str
) -> None:
    alice = simulator.person("Alice")
    async with running_bot(simulator, database_url):
        update = alice.sends("/help")
        await until(lambda: received(alice))
        simulator.redeliver(update["update_id"])
        alice.sends("/bookings")
        await until(lambda: len(received(alice)) == 2)
        await until(lambda: not simulator.world.updates.pending)

    assert len(simulator.transcript.updates) >= 3
    assert len(received(alice)) == 2


async def test_updates_in_progress_at_shutdown_are_committed_and_answered(
    simulator: Simulator, database_url: str
) -> None:
    reached, gate = asyncio.Event(), asyncio.Event()
    alice = simulator.person("Alice")

    async def waits(update: Update, context: Context) -> None:
        reached.set()
        await gate.wait()
        context.request.send(Screen("done"))

    async def prepare(app: App) -> None:
        app.application.handlers[0].insert(0, MessageHandler(filters.Regex("^wait"), waits))

    settings = Settings(
        _env_file=None,
        telegram_api_url=simulator.url,
        database_url=database_url,
        listen="127.0.0.1:0",
    )
    task = asyncio.create_task(run(settings, TOKEN, poll_seconds=1, ready=prepare))
    in_progress = alice.sends("wait")
    await reached.wait()
    task.cancel()
    await asyncio.sleep(0)
    gate.set()
    with suppress(asyncio.CancelledError):
        await task

    assert rows(database_url, "SELECT update_id FROM processed_update") == [
        (in_progress["update_id"],)
    ]
    assert received(alice) == ["done"]


@pytest.mark.parametrize("hung", ["getUpdates", "sendMessage", "getMe", "setMyCommands"])
async def test_the_bot_stops_within_five_seconds_even_if_a_call_hangs(
    simulator: Simulator, database_url: str, hung: str
) -> None:
    alice = simulator.person("Alice")
    simulator.faults.add(FaultKind.SILENCE, method=hung, times=None)
    async with running_bot(simulator, database_url, read_timeout=60) as task:
        alice.sends("/help")
        await until(lambda: simulator.transcript.calls_of(hung))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(5):
                await task

    simulator.faults.clear()
    async with running_bot(simulator, database_url):
        await until(lambda: received(alice))
    assert len(received(alice)) == 1
