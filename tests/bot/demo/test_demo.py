"""The demo without a browser: its output, data, memory and ports."""

import asyncio
import json
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.demo import demo
from bot.settings import Settings
from tests.kit.demo_process import RunningDemo, demo_process
from tests.kit.waiting import until

DORA, ALICE = 1000, 1001


class Visitor:
    """A visitor of the page who acts for all people and reads the event stream."""

    def __init__(self, session: aiohttp.ClientSession, stream: aiohttp.ClientResponse) -> None:
        self._session = session
        self._stream = stream

    async def next(self) -> tuple[str, Any]:
        """Return the next event's name and content."""
        lines = (await self._stream.content.readuntil(b"\n\n")).decode().splitlines()
        fields = dict(line.split(": ", 1) for line in lines if line)
        return fields["event"], json.loads(fields["data"])

    async def acts(self, action: str, /, **body: Any) -> Any:
        """Send an action as the page does, and return the answer."""
        async with self._session.post(f"/demo/{action}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def writes(self, person: int, text: str) -> None:
        """Send a message as a person."""
        await self.acts("send", person=person, text=text)

    async def receives(self, person: int, pattern: str) -> dict[str, Any]:
        """Wait until the bot's message to this person matches the pattern, and return it."""
        seen: list[str] = []
        try:
            async with asyncio.timeout(20):
                while True:
                    name, content = await self.next()
                    if (
                        name in {"message", "edit"}
                        and content["person"] == person
                        and not content["message"]["mine"]
                    ):
                        seen.append(content["message"]["text"])
                        if re.search(pattern, seen[-1]):
                            return dict(content["message"])
        except TimeoutError:
            pytest.fail(f"{pattern!r} is not in {seen}")

    async def taps(self, person: int, message: dict[str, Any], label: str) -> None:
        """Tap the first button of a message whose label matches the pattern."""
        button = next(
            each for row in message["rows"] for each in row if re.search(label, each["text"])
        )
        await self.acts("tap", person=person, message=message["id"], data=button["callback_data"])


@asynccontextmanager
async def visitor(demo: RunningDemo) -> AsyncIterator[tuple[Visitor, dict[str, Any]]]:
    """Open the page for a block; yield the visitor and the page's initial state."""
    async with aiohttp.ClientSession(demo.url) as session, session.get("/demo/events") as stream:
        guest = Visitor(session, stream)
        name, state = await guest.next()
        assert name == "state"
        yield guest, state


async def _stopped(demo: RunningDemo, number: signal.Signals = signal.SIGINT) -> str:
    """Stop a demo by a signal and return the rest of its output."""
    demo.process.send_signal(number)
    async with asyncio.timeout(5):
        output = await demo.output()
        assert await demo.process.wait() == 0
    return output


def _names_in(folder: Path) -> list[str]:
    """Return the names of a folder's entries."""
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_prints_its_address_and_a_signal_stops_it_within_five_seconds(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with demo_process(tmp_path, "demo") as demo, visitor(demo) as (guest, state):
        assert [(person["name"], person["role"]) for person in state["people"]] == [
            ("Dora", "provider"),
            ("Alice", "client"),
            ("Bernd", "client"),
        ]
        assert len({person["zone"] for person in state["people"]}) == 3
        await guest.writes(DORA, "Mon-Fri 9-17 next week")
        await guest.receives(DORA, "160 slots")
        assert await _stopped(demo, number) == ""
    assert _names_in(tmp_path / "tmp") == []


async def test_the_demo_runs_if_there_is_no_token(tmp_path: Path) -> None:
    async with demo_process(tmp_path, fresh=True) as demo, visitor(demo) as (_, state):
        assert state["steps"]
        assert await _stopped(demo) == ""
    assert _names_in(tmp_path) == ["tmp"]


async def test_the_port_can_be_chosen(tmp_path: Path) -> None:
    async with demo_process(tmp_path, "demo") as first:
        url = first.url
        await _stopped(first)
    port = url.rstrip("/").rsplit(":", 1)[1]
    async with demo_process(tmp_path, "demo", "--port", port) as second:
        assert second.url == url


async def test_a_named_database_keeps_the_data_and_the_people(tmp_path: Path) -> None:
    async with (
        demo_process(tmp_path, "demo", "--database", "kept.db") as demo,
        visitor(demo) as (guest, _),
    ):
        await guest.writes(DORA, "Mon-Fri 9-17 next week")
        await guest.taps(DORA, await guest.receives(DORA, "160 slots"), "Publish")
        await guest.receives(DORA, "Published")
        carol = (await guest.acts("join", name="Carol", language="de", zone="Europe/Paris"))[
            "person"
        ]
        await guest.writes(carol, "/book")
        await guest.taps(carol, await guest.receives(carol, r"^Dora\b"), "⚡")
        await guest.taps(carol, await guest.receives(carol, "Für dich reserviert"), "Bestätigen")
        await guest.receives(DORA, "New booking from Carol")
        await _stopped(demo)
    assert (tmp_path / "kept.db").exists()

    async with (
        demo_process(tmp_path, "demo", "--database", "kept.db") as demo,
        visitor(demo) as (guest, state),
    ):
        assert [person["name"] for person in state["people"]] == ["Dora", "Alice", "Bernd", "Carol"]
        await guest.writes(carol, "/bookings")
        await guest.receives(carol, "Deine Termine")
        await guest.writes(ALICE, "/book")
        assert "⚡" in str((await guest.receives(ALICE, r"^Dora\b"))["rows"])
        assert await _stopped(demo) == ""


async def test_a_skip_stops_at_each_instant_at_which_something_is_due(tmp_path: Path) -> None:
    async with demo_process(tmp_path, "demo") as demo, visitor(demo) as (guest, _):
        await guest.writes(DORA, "Mon-Fri 9-17 next week")
        await guest.taps(DORA, await guest.receives(DORA, "160 slots"), "Publish")
        await guest.receives(DORA, "Published")
        await guest.writes(ALICE, "/book")
        await guest.taps(ALICE, await guest.receives(ALICE, r"^Dora\b"), "⚡")
        held = await guest.receives(ALICE, "Held for you")
        await guest.acts("skip", seconds=86_400)
        warned = await guest.receives(ALICE, "left to confirm")
        expired = await guest.receives(ALICE, "Your hold has expired")
        minutes = [round((message["date"] - held["edited"]) / 60) for message in (warned, expired)]
        assert minutes == [25, 30]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
async def test_the_demo_needs_less_than_150_megabytes(tmp_path: Path) -> None:
    async with demo_process(tmp_path, "demo", fresh=True) as demo, visitor(demo) as (guest, _):
        await guest.writes(DORA, "/agenda")
        await guest.receives(DORA, "🗓")
        # Everything runs in this one process.
        status = await asyncio.to_thread(
            Path(f"/proc/{demo.process.pid}/status").read_text, encoding="utf-8"
        )
        kilobytes = int(re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)[0])
        children = await asyncio.to_thread(
            Path(f"/proc/{demo.process.pid}/task/{demo.process.pid}/children").read_text,
            encoding="utf-8",
        )
        assert children == ""
        assert kilobytes < 150_000, kilobytes


async def test_it_serves_http_if_listen_is_set_and_never_a_webhook(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    settings = {
        "LISTEN": f"127.0.0.1:{unused_tcp_port}",
        "WEBHOOK_URL": "https://bot.example/telegram",
        "WEBHOOK_SECRET": "hush",
    }
    (tmp_path / ".env").write_text("\n".join(f"{name}={value}" for name, value in settings.items()))
    async with demo_process(tmp_path, "demo") as demo, visitor(demo) as (guest, _):
        await guest.writes(ALICE, "/help")
        await guest.receives(ALICE, "/book")
        async with aiohttp.ClientSession(f"http://127.0.0.1:{unused_tcp_port}") as session:
            async with session.get("/readyz") as ready:
                assert (ready.status, (await ready.json())["ready"]) == (200, True)
            async with session.post("/telegram") as refused:
                assert refused.status == 404


async def test_it_opens_no_port_but_its_pages_if_listen_is_not_set(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "bot")
    task = asyncio.create_task(demo.run(Settings(_env_file=None)))
    await until(lambda: "is running on" in caplog.text)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

    assert "serving at" not in caplog.text
    assert "HTTP server" not in caplog.text
