"""The HTTP server: body formats, files, access, and the control API."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simulator import Person, Simulator


@pytest.fixture
async def session(served: Simulator) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(served.url) as session:
        yield session


async def _json(response: aiohttp.ClientResponse) -> Any:
    async with response:
        return await response.json()


async def test_parameters_come_as_query_form_json_or_multipart(
    session: aiohttp.ClientSession, alice: Person
) -> None:
    fields = {
        "chat_id": str(alice.id),
        "text": "x",
        "reply_markup": '{"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}',
    }
    parts = aiohttp.FormData(fields, default_to_multipart=True)
    whole = {"chat_id": alice.id, "text": "x", "reply_markup": json.loads(fields["reply_markup"])}
    for options in ({"params": fields}, {"data": fields}, {"json": whole}, {"data": parts}):
        body = await _json(await session.post("/bot1:test/sendMessage", **options))
        assert body["result"]["reply_markup"] == whole["reply_markup"], options
    body = await _json(await session.get("/bot1:test/SENDMESSAGE", params=fields))
    assert body["ok"]


async def test_a_malformed_body_is_refused(
    session: aiohttp.ClientSession, served: Simulator
) -> None:
    for data in (b"{", b"[]", b"\xff"):
        body = await _json(
            await session.post(
                "/bot1:test/getMe", data=data, headers={"Content-Type": "application/json"}
            )
        )
        assert (body["ok"], body["error_code"]) == (False, 400)
    assert len(served.transcript.warnings) == 3


async def test_a_missing_file_is_not_found(session: aiohttp.ClientSession) -> None:
    assert (await session.get("/file/bot1:test/documents/x/y")).status == 404
    assert (await session.get("/file/bot2:test/documents/x/y")).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "example.org"},
        {"Origin": "https://example.org"},
        {"Host": "127.0.0.1.example.org:80"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
async def test_foreign_hosts_and_origins_are_refused(
    session: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    for path in ("/control/transcript", "/bot1:test/getMe"):
        assert (await session.get(path, headers=headers)).status == 403


async def test_local_hosts_and_origins_are_allowed(
    session: aiohttp.ClientSession, served: Simulator
) -> None:
    for headers in (
        {"Origin": served.url},
        {"Host": "localhost:1"},
        {"Host": "[::1]:80", "Origin": "http://[::1]:80"},
    ):
        assert (await session.get("/control/transcript", headers=headers)).status == 200


async def test_a_script_can_play_a_person(
    session: aiohttp.ClientSession, served: Simulator
) -> None:
    async def post(path: str, **body: Any) -> Any:
        return await _json(await session.post(f"/control/{path}", json=body))

    person = (await post("people", first_name="Bob", language_code="de"))["id"]
    assert (await post("send", person=person, link="t.me/slotkeeper_bot?start=a"))["message"][
        "text"
    ] == "/start a"
    assert (await post("send", person=person, text="hello"))["message"]["text"] == "hello"
    group = (await post("groups", title="Team"))["id"]
    assert (await post("send", person=person, group=group, text="hi"))["message"]["chat"][
        "id"
    ] == group
    markup = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    await served.call(
        "sendMessage",
        {"chat_id": person, "text": "<b>x</b>", "parse_mode": "HTML", "reply_markup": markup},
    )
    tap = (await post("tap", person=person, label="Go"))["callback_query"]
    assert (await post("tap", person=person, label="Go", message_id=4))["callback_query"][
        "data"
    ] == "go"
    assert (await post("tap", person=person, data="forged", message_id=4))["callback_query"][
        "data"
    ] == "forged"
    await served.call("answerCallbackQuery", {"callback_query_id": tap["id"], "text": "Gone"})
    chat = await _json(await session.get(f"/control/chat/{person}"))
    assert chat["toasts"] == [{"text": "Gone", "alert": False}]
    assert (chat["messages"][-1]["sender"], chat["messages"][-1]["html"]) == ("bot", "<b>x</b>")
    assert (await post("faults", kind="blocked", person=person, times=2)) == {"waiting": 1}
    assert await _json(await session.delete("/control/faults")) == {"waiting": 0}
    assert (await post("block", person=person))["my_chat_member"]["new_chat_member"][
        "status"
    ] == "kicked"
    assert (await post("block", person=person, blocked=False))["my_chat_member"]["new_chat_member"][
        "status"
    ] == "member"
    served.take_updates()
    transcript = await _json(await session.get("/control/transcript"))
    assert [call["method"] for call in transcript["calls"]] == [
        "sendMessage",
        "answerCallbackQuery",
    ]
    assert len(transcript["warnings"]) == 2


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("people", {}, "a person needs a first_name"),
        ("people", {"first_name": "A", "id": 1000}, "there is already a person with id 1000"),
        ("send", {"person": 77, "text": "x"}, "77 is missing or unknown"),
        ("send", {"person": 1000}, "'text' is missing or unknown"),
        (
            "tap",
            {"person": 1000, "label": "Go"},
            "there is no button 'Go'; the newest keyboards are []",
        ),
        ("faults", {"kind": "earthquake"}, "'earthquake' is not a valid FaultKind"),
    ],
)
async def test_a_bad_control_request_is_answered_with_a_sentence(
    session: aiohttp.ClientSession, alice: Person, path: str, body: Any, error: str
) -> None:
    response = await session.post(f"/control/{path}", json=body)
    assert (response.status, await _json(response)) == (400, {"error": error})


async def test_a_body_that_is_not_an_object_is_a_mistake(session: aiohttp.ClientSession) -> None:
    for data in (b"{", b"[]", b"7"):
        assert (await session.post("/control/send", data=data)).status == 400
    assert (await session.get("/control/chat/77")).status == 404


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_runs_on_its_own_until_a_signal(number: signal.Signals) -> None:
    command = (sys.executable, "-m", "simulator", "--token", "7:abc")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    address = (await process.stdout.readline()).decode().split()[3].rstrip(",")
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{address}/bot7:abc/getMe") as response,
    ):
        assert (await response.json())["result"]["id"] == 7
    process.send_signal(number)
    async with asyncio.timeout(10):
        assert await process.wait() == 0
