"""Log lines carry their update and chat, however deep they are logged, and no personal text."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from telegram import Update

from bot.dialogue.context import Context
from bot.logs import configure_logging
from bot.updates.failures import UpdateFailed
from simulator.faults import FaultKind
from simulator.simulator import Simulator
from simulator.state.people import Person
from tests.kit.bot import ADMIN_ID, BotHarness
from tests.kit.bot_process import TOKEN, bot_process, environment
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.handlers import on_tap, on_text, raising
from tests.kit.waiting import until

LIBRARY = logging.getLogger("some.library")

pytestmark = pytest.mark.usefixtures("logging_as_before")


async def log_deep_below(update: Update, context: Context) -> None:
    """Log as a library while an update is processed."""
    LIBRARY.warning("deep below")


def lines(capsys: pytest.CaptureFixture[str], event: str) -> list[dict[str, Any]]:
    """Return the JSON lines of an event, reduced to the fields that identify its context."""
    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    fields = ("update_id", "chat", "reservation", "kind")
    return [
        {name: line[name] for name in fields if name in line}
        for line in logged
        if event in line["event"]
    ]


async def test_lines_logged_while_an_update_is_processed_carry_its_context(
    bot: BotHarness, alice: ChatUser, capsys: pytest.CaptureFixture[str]
) -> None:
    on_text(bot, "hm", log_deep_below)
    configure_logging("INFO", "json")
    update = alice.person.sends("hm")
    await bot.settles()
    assert lines(capsys, "deep below") == [{"update_id": update["update_id"], "chat": alice.id}]

    LIBRARY.warning("without context")
    assert lines(capsys, "without context") == [{}]


async def test_a_console_line_carries_the_context_too(
    bot: BotHarness, alice: ChatUser, capsys: pytest.CaptureFixture[str]
) -> None:
    on_text(bot, "hm", log_deep_below)
    configure_logging("INFO", "console")
    update = alice.person.sends("hm")
    await bot.settles()
    [line] = [line for line in capsys.readouterr().err.splitlines() if "deep below" in line]
    assert f"update_id={update['update_id']}" in line
    assert f"chat={alice.id}" in line


@pytest.mark.parametrize("data", ["rc:7", "lc:7", "bs:1:2000000:7", "bt:1:3kaao:7"])
async def test_lines_of_a_tap_on_a_reservation_carry_its_number(
    bot: BotHarness, alice: ChatUser, capsys: pytest.CaptureFixture[str], data: str
) -> None:
    on_tap(bot, data, log_deep_below)
    await alice.sends("/help")
    configure_logging("INFO", "json")
    await alice.taps_data(data, alice.last.id)

    [line] = lines(capsys, "deep below")
    assert (line["chat"], line["reservation"]) == (alice.id, 7)


async def test_a_failed_update_is_logged_and_its_context_ends_with_it(
    bot: BotHarness, alice: ChatUser, capsys: pytest.CaptureFixture[str]
) -> None:
    on_text(bot, "boom", raising(RuntimeError("boom")))
    configure_logging("INFO", "json")
    update = alice.person.sends("boom")
    with pytest.raises(UpdateFailed):
        await bot.processes(bot.simulator.take_updates())
    LIBRARY.warning("afterwards, failed")

    said = capsys.readouterr().err.splitlines()
    [failed] = [json.loads(line) for line in said if '"event": "update' in line]
    [after] = [json.loads(line) for line in said if "afterwards" in line]
    assert (failed["update_id"], failed["chat"]) == (update["update_id"], alice.id)
    assert "update_id" not in after


async def test_lines_logged_while_a_message_is_delivered_carry_its_context(
    impatient_bot: BotHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    bot, alice = impatient_bot, impatient_bot.joins("Alice")
    await add_provider(bot)
    await alice.holds("09:15")
    configure_logging("INFO", "json")
    bot.simulator.faults.add(FaultKind.SERVER_ERROR, person=alice.person)
    await bot.advances(minutes=25)
    LIBRARY.warning("after it waits")

    said = capsys.readouterr().err.splitlines()
    [waits] = [json.loads(line) for line in said if "a hold_warning waits" in line]
    [after] = [json.loads(line) for line in said if "after it" in line]
    assert {name: waits[name] for name in ("chat", "kind", "reservation")} == {
        "chat": alice.id,
        "kind": "hold_warning",
        "reservation": 1,
    }
    assert not {"chat", "kind", "reservation"} & set(after)


async def test_a_scheduled_job_does_not_inherit_the_context_of_the_update_that_set_the_alarm(
    bot: BotHarness, alice: ChatUser, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []

    async def sets_alarm(update: Update, context: Context) -> None:
        bot.app.alarm.at(bot.now + timedelta(milliseconds=1))

    async def at_night() -> None:
        LIBRARY.warning("at night")

    def is_logged(event: str) -> bool:
        said.extend(capsys.readouterr().err.splitlines())
        return any(event in line for line in said)

    on_text(bot, "wake", sets_alarm)
    bot.app.scheduler.start()
    try:
        configure_logging("INFO", "json")
        night = datetime.now(UTC) + timedelta(seconds=1)
        bot.app.scheduler.add_job(at_night, "date", run_date=night)
        await alice.sends("wake")
        await until(lambda: is_logged("at night"))
    finally:
        bot.app.scheduler.shutdown(wait=False)
    [line] = [json.loads(line) for line in said if "at night" in line]
    assert not {"update_id", "chat"} & set(line)


PROVIDER, CLIENT, PUBLIC = "Żdora Quxprovider", "Ølice Quxclient", "Dr. Quxpublic & Söhne"
TYPED = ("Quxwords without meaning", "Quxzone", "31 Quxember 9:15")
PRIVATE = ("qux", "Żdora", "Ølice", "Söhne", "bt:", "rc:", "hp:")


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    yield telegram
    await telegram.stop()


def newest(person: Person) -> str:
    return next(
        (message.text for message in person.chat.newest_first() if message.sender == "bot"), ""
    )


async def answered(person: Person, act: Any) -> None:
    """Act, and wait until the bot has shown something else or answered the tap."""
    chat = person.chat
    before = (
        [(m.id, m.text, m.labels) for m in chat.messages if m.sender == "bot"],
        len(person.toasts),
    )
    act()
    await until(
        lambda: (
            (
                [(m.id, m.text, m.labels) for m in chat.messages if m.sender == "bot"],
                len(person.toasts),
            )
            != before
        )
    )


async def taps(person: Person, part: str) -> None:
    """Tap the newest button with this part, once it is there."""

    def found() -> list[tuple[str, int]]:
        return [
            (b.data or "", m.id)
            for m in person.chat.newest_first()
            for b in m.buttons
            if part in b.text
        ]

    await until(found)
    await answered(person, lambda: person.taps_data(*found()[0]))


async def plays(simulator: Simulator) -> None:
    """Let people with odd names type odd texts, book, cancel for odd reasons and meet a fault."""
    admin = simulator.person("Quxadmin", id=ADMIN_ID)
    dora = simulator.person(PROVIDER, username="quxdora")
    alice = simulator.person(CLIENT)
    await answered(admin, lambda: admin.sends("/invite"))
    await taps(admin, "A provider")
    link = next(word for word in newest(admin).split() if "?start=join_" in word)
    await answered(dora, lambda: dora.opens(link))
    await answered(dora, lambda: dora.sends(PUBLIC))
    await answered(dora, lambda: dora.sends("UTC"))
    await answered(dora, lambda: dora.sends("/hours"))
    await answered(dora, lambda: dora.sends(f"{datetime.now(UTC).date() + timedelta(days=3)} 9-12"))
    await taps(dora, "Publish")
    for text in TYPED:
        await answered(alice, lambda text=text: alice.sends(text))
    await answered(alice, lambda: alice.sends("/book"))
    await taps(alice, "⚡")
    simulator.faults.add(FaultKind.SERVER_ERROR, method="editMessageText")
    await taps(alice, "Confirm")
    await until(lambda: "Quxclient" in newest(dora))
    await answered(dora, lambda: dora.taps_data("ar:1", dora.chat.messages[-1].id))
    await answered(dora, lambda: dora.sends("Quxreason"))
    await taps(dora, "Cancel and send note")
    await until(lambda: "Quxreason" in newest(alice))


@pytest.mark.parametrize("log_format", ["console", "json"])
async def test_no_log_contains_names_texts_or_callback_data_even_at_debug(
    simulator: Simulator, tmp_path: Path, log_format: Literal["console", "json"]
) -> None:
    env = environment(
        tmp_path, simulator.url, LOG_LEVEL="DEBUG", LOG_FORMAT=log_format, ADMIN_IDS=str(ADMIN_ID)
    )
    async with bot_process(tmp_path, env) as process:
        await plays(simulator)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0

    log = (tmp_path / "log").read_text()
    assert "a reply waits" in log
    assert "update_id" in log
    assert [
        line for line in log.splitlines() if any(part.lower() in line.lower() for part in PRIVATE)
    ] == []
