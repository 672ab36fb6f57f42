"""The demo page's server: access, events, people's actions and the clock."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from simulator import Person, Simulator, Upload
from simulator.demo import Demo, DemoPerson, Step, offers, says
from simulator.state.clock import DemoClock
from simulator.state.media import SMALLEST_PNG

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CONFIRM = {"inline_keyboard": [[{"text": "✅ Confirm", "callback_data": "c"}]]}


@dataclass
class Page:
    """A browser on the page: it acts and reads the stream event by event."""

    session: aiohttp.ClientSession
    stream: aiohttp.ClientResponse
    state: Any

    async def next(self, name: str) -> Any:
        """Return the content of the next event, which must have this name."""
        found, content = await read_event(self.stream)
        assert found == name, (found, content)
        return content

    async def act(self, action: str, /, **body: Any) -> Any:
        """Act and return the answer, which must be a success."""
        async with self.session.post(f"/demo/{action}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()


async def read_event(stream: aiohttp.ClientResponse) -> tuple[str, Any]:
    """Read one event of a stream."""
    async with asyncio.timeout(5):
        lines = (await stream.content.readuntil(b"\n\n")).decode().splitlines()
    fields = dict(line.split(": ", 1) for line in lines if line)
    return fields["event"], json.loads(fields["data"])


@pytest.fixture
def clock() -> DemoClock:
    return DemoClock(real=lambda: START)


@pytest.fixture
def bob(sim: Simulator) -> Person:
    return sim.person("Bob", last_name="Long", language_code="de")


@pytest.fixture
async def demo(sim: Simulator, clock: DemoClock, alice: Person, bob: Person) -> AsyncIterator[Demo]:
    steps = [
        Step("Alice starts.", says(alice, "^/START$", sender="person")),
        Step(
            "Bob is asked to confirm.",
            offers([alice, bob], "confirm"),
            person=bob,
            suggestion="/start",
        ),
    ]
    people = [DemoPerson(alice, "Europe/Berlin", "provider"), DemoPerson(bob, "Asia/Tokyo")]
    demo = Demo(sim, people, clock=clock, steps=steps, languages=["en"])
    await demo.start()
    yield demo
    await demo.stop()


@pytest.fixture
async def session(demo: Demo) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(demo.url) as session:
        yield session


@pytest.fixture
async def page(session: aiohttp.ClientSession) -> AsyncIterator[Page]:
    async with session.get("/demo/events") as stream:
        name, state = await read_event(stream)
        assert name == "state"
        yield Page(session, stream, state)


async def _show(sim: Simulator, person: Person, text: str = "x", **params: object) -> int:
    reply = await sim.call("sendMessage", {"chat_id": person.id, "text": text} | params)
    assert isinstance(reply.body, dict)
    return int(reply.body["result"]["message_id"])


async def test_the_page_has_security_headers(session: aiohttp.ClientSession) -> None:
    async with session.get("/") as response:
        assert (response.status, response.content_type) == (200, "text/html")
        assert (
            "default-src 'none'; script-src 'self'" in response.headers["Content-Security-Policy"]
        )
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "/page/main.js" in await response.text()
    for name, content_type in (
        ("main.js", "text/javascript"),
        ("layout.css", "text/css"),
        ("icon.svg", "image/svg+xml"),
    ):
        async with session.get(f"/page/{name}") as response:
            assert (response.status, response.content_type) == (200, content_type)


async def test_the_page_loads_only_its_own_files(
    session: aiohttp.ClientSession,
) -> None:
    waiting, seen = ["index.html"], set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        async with session.get(f"/page/{name}") as response:
            assert response.status == 200, name
            text = await response.text()
        named = re.findall(r"(?:\bfrom |\bimport |\bsrc=|\bhref=)[\"']([^\"']+)", text)
        assert "url(" not in text
        for address in named:
            assert address.startswith(("./", "/page/")), (name, address)
        waiting += {address.removeprefix("./").removeprefix("/page/") for address in named} - seen
    assert len(seen) > 10


@pytest.mark.parametrize(
    "path",
    [
        "/page/../demo/demo.py",
        "/page/..%2fdemo%2fdemo.py",
        "/page/%2e%2e/clock.py",
        "/page//etc/passwd",
        "/page/",
    ],
)
async def test_no_path_escapes_the_page_folder(
    demo: Demo, session: aiohttp.ClientSession, path: str
) -> None:
    # Sent through a socket, because HTTP clients normalise the path.
    host, port = demo.url.removeprefix("http://").rstrip("/").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
    )
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    "path", ["/", "/page/main.js", "/demo/events", "/demo/file/x", "/demo/chat/1000?before=1"]
)
@pytest.mark.parametrize(
    "headers",
    [{"Host": "example.org"}, {"Origin": "https://example.org"}, {"Host": "127.0.0.1.example.org"}],
)
async def test_other_origins_cannot_read(
    session: aiohttp.ClientSession, path: str, headers: dict[str, str]
) -> None:
    async with session.get(path, headers=headers) as response:
        assert response.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "example.org"},
        {"Origin": "https://example.org"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
    ],
)
async def test_other_origins_cannot_act(
    session: aiohttp.ClientSession, bob: Person, headers: dict[str, str]
) -> None:
    async with session.post(
        "/demo/send", json={"person": bob.id, "text": "x"}, headers=headers
    ) as response:
        assert response.status == 403
    assert bob.chat.messages == []


async def test_the_page_may_act_under_either_host_name(
    session: aiohttp.ClientSession, demo: Demo, bob: Person
) -> None:
    port = demo.url.rstrip("/").rsplit(":", 1)[1]
    for name in ("127.0.0.1", "localhost"):
        headers = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}"}
        async with session.post(
            "/demo/send", json={"person": bob.id, "text": name}, headers=headers
        ) as response:
            assert response.status == 200
    assert [message.text for message in bob.chat.messages] == ["127.0.0.1", "localhost"]


async def test_a_plain_form_is_refused(session: aiohttp.ClientSession, bob: Person) -> None:
    body = json.dumps({"person": bob.id, "text": "x"})
    async with session.post(
        "/demo/send", data=body, headers={"Content-Type": "text/plain"}
    ) as response:
        assert response.status == 415
    assert bob.chat.messages == []


async def test_the_stream_begins_with_the_complete_state(
    page: Page, alice: Person, bob: Person
) -> None:
    state = page.state
    assert (state["bot"], state["languages"]) == (
        {"name": "Slotkeeper", "username": "slotkeeper_bot"},
        ["en"],
    )
    assert (state["now"], state["skipped"]) == (START.timestamp(), 0)
    first, second = state["people"]
    assert (first["id"], first["name"], first["zone"], first["role"], first["started"]) == (
        alice.id,
        "Alice",
        "Europe/Berlin",
        "provider",
        True,
    )
    assert [message["text"] for message in first["messages"]] == ["/start"]
    assert (second["name"], second["language"], second["started"], second["messages"]) == (
        "Bob Long",
        "de",
        False,
        [],
    )
    assert [(step["done"], step["person"], step["suggestion"]) for step in state["steps"]] == [
        (True, None, ""),
        (False, bob.id, "/start"),
    ]


async def test_the_stream_reports_messages_edits_and_deletions(
    page: Page, sim: Simulator, alice: Person
) -> None:
    message_id = await _show(
        sim, alice, "<b>one</b>", parse_mode="HTML", reply_parameters={"message_id": 1}
    )
    shown = (await page.next("message"))["message"]
    assert (shown["id"], shown["mine"], shown["text"], shown["edited"], shown["rows"]) == (
        message_id,
        False,
        "one",
        None,
        [],
    )
    assert (shown["entities"], shown["reply"]) == (
        [{"type": "bold", "offset": 0, "length": 3}],
        {"mine": True, "text": "/start"},
    )
    await sim.call(
        "editMessageText", {"chat_id": alice.id, "message_id": message_id, "text": "two"}
    )
    edited = await page.next("edit")
    assert (edited["person"], edited["message"]["text"], edited["message"]["edited"]) == (
        alice.id,
        "two",
        START.timestamp(),
    )
    alice.edits(1, "/help")
    assert (await page.next("edit"))["message"]["text"] == "/help"
    await sim.call("deleteMessage", {"chat_id": alice.id, "message_id": message_id})
    assert await page.next("delete") == {"person": alice.id, "ids": [message_id]}
    await sim.call("deleteMessages", {"chat_id": alice.id, "message_ids": [1, 77]})
    assert await page.next("delete") == {"person": alice.id, "ids": [1]}


async def test_the_stream_reports_taps_toasts_and_alerts(
    page: Page, sim: Simulator, alice: Person
) -> None:
    message_id = await _show(sim, alice, reply_markup=CONFIRM)
    assert (await page.next("message"))["message"]["rows"] == CONFIRM["inline_keyboard"]
    assert await page.next("step") == {"step": 1}
    for text, alert in (("Done", False), ("Too late", True), ("", False)):
        await page.act("tap", person=alice.id, message=message_id, data="c")
        assert await page.next("tap") == {"person": alice.id, "message": message_id, "data": "c"}
        query = sim.take_updates()[-1]["callback_query"]
        await sim.call(
            "answerCallbackQuery",
            {"callback_query_id": query["id"], "text": text, "show_alert": alert},
        )
        assert await page.next("answer") == {
            "person": alice.id,
            "message": message_id,
            "data": "c",
            "text": text,
            "alert": alert,
        }


async def test_a_tap_is_recorded_by_label_and_may_be_stale(
    page: Page, sim: Simulator, alice: Person
) -> None:
    message_id = await _show(sim, alice, reply_markup=CONFIRM)
    await page.act("tap", person=alice.id, message=message_id, data="c")
    await page.act("tap", person=alice.id, message=message_id, data="gone")
    sim.take_updates()
    assert [warning.split("'")[1] for warning in sim.check_taps()] == ["✅ Confirm", "gone"]


async def test_the_stream_reports_chat_actions_and_the_profile(
    page: Page, sim: Simulator, alice: Person, bob: Person
) -> None:
    await sim.call("sendChatAction", {"chat_id": alice.id, "action": "typing"})
    assert await page.next("action") == {"person": alice.id, "action": "typing"}
    commands = [{"command": "los", "description": "Anfangen"}]
    await sim.call("setMyCommands", {"commands": commands, "language_code": "de"})
    assert (await page.next("profile"))["people"][1] == {
        "id": bob.id,
        "commands": commands,
        "description": "",
    }
    await sim.call("setMyDescription", {"description": "I book."})
    assert [person["description"] for person in (await page.next("profile"))["people"]] == [
        "I book.",
        "I book.",
    ]
    await sim.call("setMyName", {"name": "Booker"})
    assert (await page.next("profile"))["bot"]["name"] == "Booker"
    await sim.call("deleteMyCommands", {"language_code": "de"})
    assert (await page.next("profile"))["people"][1]["commands"] == []


async def test_people_write_open_links_and_block(page: Page, bob: Person) -> None:
    await page.act("open", person=bob.id, link="https://t.me/slotkeeper_bot?start=book_x")
    assert await page.next("standing") == {"person": bob.id, "started": True, "blocked": False}
    assert (await page.next("message"))["message"]["text"] == "/start book_x"
    await page.act("send", person=bob.id, text=" hello ")
    assert (await page.next("message"))["message"]["text"] == "hello"
    await page.act("block", person=bob.id, blocked=True)
    assert (await page.next("standing"))["blocked"]
    async with page.session.post("/demo/send", json={"person": bob.id, "text": "x"}) as response:
        assert response.status == 400
        assert "blocked" in (await response.json())["error"]
    await page.act("block", person=bob.id, blocked=False)
    assert not (await page.next("standing"))["blocked"]


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("send", {"person": 77, "text": "x"}, "Person 77 has no phone here."),
        ("send", {"person": 1000}, "'text' is missing."),
        (
            "send",
            {"person": 1000, "text": " "},
            "a phone sends between 1 and 4096 characters at once, not 0",
        ),
        (
            "open",
            {"person": 1000, "link": "https://example.org"},
            "'https://example.org' is not a link that starts @slotkeeper_bot",
        ),
        ("skip", {"seconds": 0}, "time only goes forward"),
        ("skip", {"seconds": 10**20}, "Python int too large to convert to C int"),
        ("skip", {"seconds": 86400 * 40}, "The clock can skip 31 days at most."),
        (
            "join",
            {"name": " ", "language": "en", "zone": "UTC"},
            "A name has between 1 and 64 characters.",
        ),
        (
            "join",
            {"name": "C", "language": "<b>", "zone": "UTC"},
            "A language is a code like en or de.",
        ),
        (
            "join",
            {"name": "C", "language": "en", "zone": "Mars"},
            "There is no time zone 'Mars': use a name like Europe/Berlin.",
        ),
        (
            "join",
            {"name": "C", "language": "en", "zone": "../x"},
            "There is no time zone '../x': use a name like Europe/Berlin.",
        ),
        (
            "join",
            {"name": "C", "language": "en", "zone": "Europe"},
            "There is no time zone 'Europe': use a name like Europe/Berlin.",
        ),
        (
            "join",
            {"name": "C", "language": "en"},
            "There is no time zone '': use a name like Europe/Berlin.",
        ),
    ],
)
async def test_a_mistake_is_answered_with_a_sentence(
    session: aiohttp.ClientSession, name: str, body: Any, error: str
) -> None:
    async with session.post(f"/demo/{name}", json=body) as response:
        assert (response.status, await response.json()) == (400, {"error": error})


async def test_a_malformed_body_is_a_mistake(session: aiohttp.ClientSession) -> None:
    for data in (b"{", b"[]", b"7"):
        async with session.post(
            "/demo/send", data=data, headers={"Content-Type": "application/json"}
        ) as response:
            assert response.status == 400


async def test_the_clock_moves_for_everyone(page: Page, clock: DemoClock, sim: Simulator) -> None:
    woken: list[datetime] = []
    clock.on_skip(lambda: woken.append(clock()))
    await page.act("skip", seconds=1800)
    assert await page.next("clock") == {"now": START.timestamp() + 1800, "skipped": 1800}
    await page.act("skip", seconds=86400)
    assert await page.next("clock") == {"now": START.timestamp() + 88200, "skipped": 88200}
    assert woken == [START + timedelta(minutes=30), START + timedelta(days=1, minutes=30)]
    assert sim.world.now() == clock().timestamp()


def test_a_clock_starts_as_given_and_runs_at_real_pace() -> None:
    real = [START]
    clock = DemoClock(START + timedelta(days=3), real=lambda: real[0])
    real[0] += timedelta(seconds=5)
    assert clock() == START + timedelta(days=3, seconds=5)
    assert clock.skip(timedelta(hours=1)) == START + timedelta(days=3, hours=1, seconds=5)
    assert clock.skipped == timedelta(hours=1)
    with pytest.raises(ValueError, match="forward"):
        clock.skip(timedelta(seconds=-1))


async def test_a_new_person_gets_a_phone(page: Page, demo: Demo, sim: Simulator) -> None:
    answer = await page.act("join", name="Carol", language="de", zone="America/New_York")
    carol = await page.next("person")
    assert (carol["id"], carol["name"], carol["language"], carol["zone"]) == (
        answer["person"],
        "Carol",
        "de",
        "America/New_York",
    )
    await page.act("send", person=carol["id"], text="/start")
    assert (await page.next("standing"))["person"] == carol["id"]
    assert (await page.next("message"))["person"] == carol["id"]
    assert [who.person.id for who in demo.people][-1] == carol["id"]
    with pytest.raises(ValueError, match="already"):
        demo.add(demo.people[0])


async def test_people_without_a_phone_are_not_shown(
    page: Page, sim: Simulator, alice: Person
) -> None:
    sim.person("Stranger").sends("/start")
    alice.sends_in(sim.group("Team"), "hello")
    alice.sends("seen")
    assert (await page.next("message"))["message"]["text"] == "seen"


async def test_steps_stay_done(page: Page, demo: Demo, sim: Simulator, bob: Person) -> None:
    assert demo.steps_done == [True, False]
    bob.sends("/start")
    message_id = await _show(sim, bob, reply_markup=CONFIRM)
    assert [await read_event(page.stream) for _ in range(4)][-1] == ("step", {"step": 1})
    await sim.call("editMessageText", {"chat_id": bob.id, "message_id": message_id, "text": "over"})
    await sim.call(
        "editMessageText",
        {"chat_id": bob.id, "message_id": message_id, "text": "again", "reply_markup": CONFIRM},
    )
    assert (await page.next("edit"))["message"]["text"] == "over"
    assert (await page.next("edit"))["message"]["text"] == "again"
    assert demo.steps_done == [True, True]
    await page.act("skip", seconds=60)
    await page.next("clock")


async def test_a_step_is_ticked_with_no_page_open(
    demo: Demo, sim: Simulator, alice: Person
) -> None:
    await _show(sim, alice, reply_markup=CONFIRM)
    assert demo.steps_done == [True, True]


async def test_a_long_chat_comes_in_pages(
    session: aiohttp.ClientSession, sim: Simulator, alice: Person
) -> None:
    for number in range(150):
        await _show(sim, alice, str(number))
    async with session.get("/demo/events") as stream:
        _, state = await read_event(stream)
    chat = state["people"][0]
    assert (len(chat["messages"]), chat["messages"][-1]["text"], chat["earlier"]) == (
        100,
        "149",
        51,
    )
    async with session.get(
        f"/demo/chat/{alice.id}", params={"before": chat["messages"][0]["id"]}
    ) as response:
        older = await response.json()
    assert (
        [message["text"] for message in older["messages"]][:2],
        len(older["messages"]),
        older["earlier"],
    ) == (["/start", "0"], 51, 0)
    for path in (
        f"/demo/chat/{alice.id}",
        f"/demo/chat/{alice.id}?before=x",
        "/demo/chat/77?before=1",
    ):
        async with session.get(path) as response:
            assert response.status == 404


async def test_two_thousand_messages_arrive_in_order(
    page: Page, sim: Simulator, alice: Person
) -> None:
    for number in range(2000):
        await _show(sim, alice, str(number))
    assert [(await page.next("message"))["message"]["text"] for _ in range(2000)] == [
        str(number) for number in range(2000)
    ]


async def test_a_page_that_lags_too_far_behind_is_disconnected(
    page: Page, session: aiohttp.ClientSession, sim: Simulator, alice: Person
) -> None:
    for _ in range(5001):
        await sim.call("sendChatAction", {"chat_id": alice.id, "action": "typing"})
        # Nothing is awaited here, so nothing is sent meanwhile.
    async with asyncio.timeout(5):
        await page.stream.read()
    async with session.get("/demo/events") as stream:
        assert (await read_event(stream))[0] == "state"


async def test_files_are_shown_or_saved(page: Page, sim: Simulator, alice: Person) -> None:
    await sim.call(
        "sendPhoto", {"chat_id": alice.id}, {"photo": Upload("a.png", "image/png", SMALLEST_PNG)}
    )
    await sim.call(
        "sendDocument",
        {"chat_id": alice.id},
        {"document": Upload("täg 1.html", "text/html", b"<script>")},
    )
    picture, document = [(await page.next("message"))["message"]["file"] for _ in range(2)]
    assert (picture["kind"], picture["width"], document["name"], document["size"]) == (
        "photo",
        1,
        "täg 1.html",
        8,
    )
    async with page.session.get(picture["url"]) as response:
        assert (response.content_type, await response.read()) == ("image/png", SMALLEST_PNG)
    async with page.session.get(document["url"]) as response:
        assert (response.content_type, await response.read()) == (
            "application/octet-stream",
            b"<script>",
        )
        assert (
            response.headers["Content-Disposition"]
            == "attachment; filename*=UTF-8''t%C3%A4g%201.html"
        )
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    async with page.session.get("/demo/file/none") as response:
        assert response.status == 404


async def test_the_bot_api_is_served_beside_the_page(session: aiohttp.ClientSession) -> None:
    async with session.get("/bot1:test/getMe") as response:
        assert (await response.json())["ok"]


async def test_stopping_ends_the_stream(page: Page, demo: Demo) -> None:
    async with asyncio.timeout(5):
        await demo.stop()
        assert await page.stream.read() == b""


async def test_every_open_page_gets_every_event(
    page: Page, session: aiohttp.ClientSession, alice: Person
) -> None:
    async with session.get("/demo/events") as other:
        await read_event(other)
        alice.sends("hello")
        assert (await read_event(other))[1]["message"]["text"] == "hello"
    alice.sends("again")
    assert [(await page.next("message"))["message"]["text"] for _ in range(2)] == ["hello", "again"]


def test_a_person_needs_a_zone_that_exists(alice: Person) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        DemoPerson(alice, "Nowhere/Land")
