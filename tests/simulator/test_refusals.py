"""Every refusal, word for word as Telegram sends it."""

import json
from typing import Any

import pytest

from simulator import Person, Reply, Simulator, Upload

Params = dict[str, Any]


def _keyboard(*rows: list[dict[str, Any]]) -> Params:
    return {"reply_markup": {"inline_keyboard": list(rows)}}


def _button(**fields: Any) -> Params:
    return _keyboard([{"text": "x"} | fields])


def _refusal(reply: Reply) -> str:
    assert isinstance(reply.body, dict)
    assert reply.body["ok"] is False
    assert reply.body["error_code"] == reply.status
    return f"{reply.status} {reply.body['description']}"


async def _sent(sim: Simulator, person: Person, **params: Any) -> int:
    reply = await sim.call("sendMessage", {"chat_id": person.id, "text": "x"} | params)
    assert isinstance(reply.body, dict)
    return int(reply.body["result"]["message_id"])


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \n "}, "text must be non-empty"),
        ({"text": "<b></b>", "parse_mode": "HTML"}, "text must be non-empty"),
        ({"text": "x" * 4097}, "message is too long"),
        (
            {"text": "<b>x", "parse_mode": "html"},
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        ({"text": "*x*", "parse_mode": "Markdown"}, "unsupported parse_mode"),
        (
            {"entities": [{"type": "nonsense", "offset": 0, "length": 1}]},
            "can't parse MessageEntity: Unsupported type specified",
        ),
        (
            {"entities": [{"type": "bold", "offset": 9, "length": 1}]},
            "entity begins after the end of the text at UTF-16 offset 9",
        ),
        (
            {"entities": [{"type": "bold", "offset": -1, "length": 1}]},
            "receive an entity with incorrect offset -1",
        ),
        (
            {"entities": [{"type": "bold", "offset": 0, "length": 9}]},
            "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 9",
        ),
        ({"chat_id": ""}, "chat_id is empty"),
        ({"chat_id": 77}, "chat not found"),
        ({"chat_id": "@alice"}, "chat not found"),
        ({"reply_parameters": {"message_id": 999}}, "message to be replied not found"),
        ({"reply_parameters": {"quote": "x"}}, 'can\'t find field "message_id"'),
        ({"reply_markup": "{nonsense"}, "can't parse reply markup JSON object"),
        ({"reply_markup": []}, "object expected as reply markup"),
        (
            {"reply_markup": {"inline_keyboard": "x"}},
            'field "inline_keyboard" must be of type Array',
        ),
        (_button(callback_data="x" * 65), "BUTTON_DATA_INVALID"),
        (_button(callback_data="é" * 33), "BUTTON_DATA_INVALID"),
        (
            _button(callback_data=""),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            _button(),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (_button(text=" ", callback_data="x"), "inline keyboard button text must be non-empty"),
        (
            _button(text=1, callback_data="x"),
            'can\'t parse inline keyboard button: Field "text" must be of type String',
        ),
        (
            _keyboard([{"callback_data": "x"}]),
            "can't parse inline keyboard button: Can't find field \"text\"",
        ),
        (
            _button(url="not-a-url"),
            "inline keyboard button URL 'not-a-url' is invalid: Wrong HTTP URL",
        ),
        (
            _button(url="http://localhost/x"),
            "inline keyboard button URL 'http://localhost/x' is invalid: Wrong HTTP URL",
        ),
        (
            _button(url="ftp://example.org"),
            "inline keyboard button URL 'ftp://example.org' is invalid: Unsupported URL protocol",
        ),
        (_button(url=f"https://example.org/{'x' * 2048}"), "BUTTON_URL_INVALID"),
        (_button(pay=True), "BUTTON_TYPE_INVALID"),
        (_keyboard(*[[{"text": "x", "callback_data": "x"}]] * 101), "reply markup is too long"),
        (_keyboard([{"text": "x", "callback_data": "x"}] * 9), "reply markup is too long"),
        (
            _keyboard(*[[{"text": "12", "callback_data": "x" * 64}] * 8] * 12),
            "reply markup is too long",
        ),
    ],
)
async def test_a_wrong_message_is_refused(
    sim: Simulator, alice: Person, params: Params, refusal: str
) -> None:
    assert (
        _refusal(await sim.call("sendMessage", {"chat_id": alice.id, "text": "x"} | params))
        == f"400 Bad Request: {refusal}"
    )
    assert refusal in sim.transcript.warnings[-1]


async def test_the_longest_texts_and_largest_keyboards_pass(sim: Simulator, alice: Person) -> None:
    full = _keyboard(
        *[[{"text": str(n), "callback_data": "x" * 40}] * 8 for n in range(12)],
        [{"text": "x", "callback_data": "x" * 64}] * 4,
    )
    await _sent(sim, alice, text=f"<b>{'👍' * 4096}</b>", parse_mode="HTML", **full)
    assert sim.transcript.warnings == []
    assert len(alice.chat.last_from_bot.buttons) == 100


async def test_the_profile_may_reach_its_limits(sim: Simulator) -> None:
    await sim.call("setMyName", {"name": "x" * 64})
    await sim.call("setMyDescription", {"description": "x" * 512})
    await sim.call("setMyShortDescription", {"short_description": "x" * 120})
    await sim.call(
        "setMyCommands", {"commands": [{"command": "/" + "x" * 32, "description": "x" * 256}] * 100}
    )
    assert sim.transcript.warnings == []


async def test_the_bot_cannot_write_to_a_stranger(sim: Simulator) -> None:
    bob = sim.person("Bob")
    refusal = _refusal(await sim.call("sendMessage", {"chat_id": bob.id, "text": "x"}))
    assert refusal == "403 Forbidden: bot can't initiate conversation with a user"


async def test_writing_to_a_person_who_blocks_the_bot_is_refused_without_a_warning(
    sim: Simulator, alice: Person
) -> None:
    alice.blocks()
    for method in ("sendMessage", "sendChatAction"):
        reply = await sim.call(method, {"chat_id": alice.id, "text": "x", "action": "typing"})
        assert _refusal(reply) == "403 Forbidden: bot was blocked by the user"
    assert sim.transcript.warnings == []


@pytest.mark.parametrize(
    ("method", "params", "refusal"),
    [
        ("editMessageText", {"message_id": 999, "text": "y"}, "message to edit not found"),
        ("editMessageText", {"text": "y"}, "message identifier is not specified"),
        ("editMessageText", {"message_id": 1, "text": "y"}, "message can't be edited"),
        ("editMessageText", {"message_id": 2, "text": "x" * 4097}, "MESSAGE_TOO_LONG"),
        (
            "editMessageCaption",
            {"message_id": 2, "caption": "y"},
            "there is no caption in the message to edit",
        ),
        ("deleteMessage", {"message_id": 999}, "message to delete not found"),
        ("deleteMessage", {}, "message identifier is not specified"),
        ("deleteMessages", {"message_ids": []}, "message identifiers are not specified"),
        (
            "deleteMessages",
            {"message_ids": list(range(1, 102))},
            "too many messages to delete specified",
        ),
        (
            "answerCallbackQuery",
            {"callback_query_id": "77"},
            "query is too old and response timeout expired or query ID is invalid",
        ),
        ("answerCallbackQuery", {"callback_query_id": "77", "text": "x" * 201}, "MESSAGE_TOO_LONG"),
        ("sendDocument", {}, "there is no document in the request"),
        ("sendDocument", {"document": "nonsense"}, "wrong file identifier/HTTP URL specified"),
        ("sendChatAction", {"action": "dancing"}, "wrong parameter action in request"),
        ("getFile", {"file_id": "nonsense"}, "invalid file_id"),
        (
            "setMyCommands",
            {"commands": [{"command": "Bad", "description": "x"}]},
            "BOT_COMMAND_INVALID",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "", "description": "x"}]},
            "command must be non-empty",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "x" * 33, "description": "x"}]},
            "command length must not exceed 32",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "x", "description": ""}]},
            "command description must be non-empty",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "x", "description": "x" * 257}]},
            "command description length must not exceed 256",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "x", "description": "x"}] * 101},
            "BOT_COMMANDS_TOO_MUCH",
        ),
        (
            "setMyCommands",
            {"commands": [], "scope": {"type": "x"}},
            "can't parse BotCommandScope: Unsupported type specified",
        ),
        (
            "setMyCommands",
            {"commands": [], "scope": {"type": "chat"}},
            "can't parse BotCommandScope: Can't find field \"chat_id\"",
        ),
        (
            "setMyCommands",
            {"commands": [], "scope": {"type": "chat", "chat_id": 77}},
            "chat not found",
        ),
        (
            "setMyCommands",
            {"commands": [], "language_code": "english"},
            "invalid language code specified",
        ),
        ("setMyDescription", {"description": "x" * 513}, "description length must not exceed 512"),
        (
            "setMyShortDescription",
            {"short_description": "x" * 121},
            "short description length must not exceed 120",
        ),
        ("setMyName", {"name": "x" * 65}, "name length must not exceed 64"),
        (
            "setChatMenuButton",
            {"menu_button": {"type": "x"}},
            "can't parse MenuButton: Unsupported type specified",
        ),
        (
            "setWebhook",
            {"url": "nonsense"},
            "bad webhook: An HTTPS URL must be provided for webhook",
        ),
        (
            "setWebhook",
            {"url": "https://x.org:8080"},
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        (
            "setWebhook",
            {"url": "https://x.org", "secret_token": "é"},
            "secret token contains unallowed characters",
        ),
        ("logOut", {}, "logOut is not simulated"),
    ],
)
async def test_other_wrong_calls_are_refused(
    sim: Simulator, alice: Person, method: str, params: Params, refusal: str
) -> None:
    await _sent(sim, alice)
    assert (
        _refusal(await sim.call(method, {"chat_id": alice.id} | params))
        == f"400 Bad Request: {refusal}"
    )


async def test_an_edit_that_changes_nothing_is_refused(sim: Simulator, alice: Person) -> None:
    markup = json.dumps({"inline_keyboard": [[{"text": "Back", "callback_data": "b"}]]})
    same = {
        "chat_id": alice.id,
        "message_id": await _sent(sim, alice, reply_markup=markup),
        "reply_markup": markup,
    }
    for method in ("editMessageText", "editMessageReplyMarkup"):
        refusal = _refusal(await sim.call(method, same | {"text": "x"}))
        assert refusal.startswith(
            "400 Bad Request: message is not modified: "
            "specified new message content and reply markup are exactly"
        )
    assert alice.chat.last_from_bot.edited == 0


async def test_a_tap_can_be_answered_for_fifteen_seconds_and_once(
    sim: Simulator, alice: Person, clock: Any
) -> None:
    message_id = await _sent(sim, alice)
    first, second = (alice.taps_data("x", message_id)["callback_query"]["id"] for _ in range(2))
    clock.passes(15)
    assert (await sim.call("answerCallbackQuery", {"callback_query_id": first})).status == 200
    clock.passes(1)
    assert "query is too old" in _refusal(
        await sim.call("answerCallbackQuery", {"callback_query_id": second})
    )
    assert "query is too old" in _refusal(
        await sim.call("answerCallbackQuery", {"callback_query_id": first})
    )
    assert sim.transcript.warnings[-1] == "the tap on 'x' was answered 2 times"


async def test_a_tap_cannot_open_a_foreign_address(sim: Simulator, alice: Person) -> None:
    query = {
        "callback_query_id": alice.taps_data("x", 1)["callback_query"]["id"],
        "url": "https://example.org",
    }
    assert _refusal(await sim.call("answerCallbackQuery", query)) == "400 Bad Request: URL_INVALID"


async def test_a_message_can_be_deleted_for_two_days(
    sim: Simulator, alice: Person, clock: Any
) -> None:
    old, newer = [await _sent(sim, alice) for _ in range(2)]
    clock.passes(48 * 3600 - 1)
    assert (
        await sim.call("deleteMessage", {"chat_id": alice.id, "message_id": newer})
    ).status == 200
    clock.passes(1)
    refusal = _refusal(await sim.call("deleteMessage", {"chat_id": alice.id, "message_id": old}))
    assert refusal == "400 Bad Request: message can't be deleted for everyone"


async def test_captions_and_files_are_checked(sim: Simulator, alice: Person) -> None:
    file = {"document": Upload("a.txt", "text/plain", b"a")}
    long = await sim.call("sendDocument", {"chat_id": alice.id, "caption": "x" * 1025}, file)
    assert _refusal(long) == "400 Bad Request: message caption is too long"
    empty = await sim.call(
        "sendDocument", {"chat_id": alice.id}, {"document": Upload("a.txt", "text/plain", b"")}
    )
    assert _refusal(empty) == "400 Bad Request: file must be non-empty"
    no_picture = await sim.call(
        "sendPhoto", {"chat_id": alice.id}, {"photo": Upload("a.png", "image/png", b"text")}
    )
    assert _refusal(no_picture) == "400 Bad Request: IMAGE_PROCESS_FAILED"
    await sim.call("sendDocument", {"chat_id": alice.id}, file)
    attachment = alice.chat.last_from_bot.document
    assert attachment is not None
    wrong_kind = await sim.call("sendPhoto", {"chat_id": alice.id, "photo": attachment.file_id})
    assert _refusal(wrong_kind) == "400 Bad Request: can't use file of type Document as Photo"
    no_text = await sim.call(
        "editMessageText",
        {"chat_id": alice.id, "message_id": alice.chat.last_from_bot.id, "text": "x"},
    )
    assert _refusal(no_text) == "400 Bad Request: there is no text in the message to edit"


async def test_an_unknown_method_is_never_a_success(sim: Simulator) -> None:
    assert _refusal(await sim.call("sendRocket")) == "404 Not Found: method not found"
    assert sim.transcript.warnings == ["sendRocket was refused: 404 Not Found: method not found"]


async def test_close_is_refused_as_in_a_bots_first_minutes(sim: Simulator) -> None:
    assert (await sim.call("close")).status == 429
