"""What people do, and the updates the bot receives."""

import pytest

from simulator import Person, Simulator, Upload

CONFIRM = {
    "inline_keyboard": [
        [{"text": "✅ Confirm", "callback_data": "c"}, {"text": "Back", "callback_data": "b"}]
    ]
}


async def _show(sim: Simulator, person: Person, text: str = "x", **params: object) -> int:
    reply = await sim.call("sendMessage", {"chat_id": person.id, "text": text} | params)
    assert isinstance(reply.body, dict)
    return int(reply.body["result"]["message_id"])


def test_ids_count_from_a_thousand_and_may_be_large(sim: Simulator) -> None:
    assert [sim.person("A").id, sim.person("B").id, sim.person("C", id=2**52).id] == [
        1000,
        1001,
        2**52,
    ]
    with pytest.raises(ValueError, match="1001"):
        sim.person("D", id=1001)
    assert [sim.person("E", id=1002).id, sim.person("F").id] == [1002, 1003]


def test_a_message_arrives_with_its_author_and_commands(sim: Simulator) -> None:
    person = sim.person("Alice", last_name="Long", username="alice", language_code="de")
    update = person.sends("/start now")
    assert sim.take_updates() == [update]
    assert sim.take_updates() == []
    names = {"first_name": "Alice", "last_name": "Long", "username": "alice"}
    assert update["message"]["from"] == {"id": 1000, "is_bot": False, "language_code": "de"} | names
    assert update["message"]["chat"] == {"id": 1000, "type": "private"} | names
    assert update["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert update["message"]["date"] == 1795424400


@pytest.mark.parametrize("text", ["", " \n", "x" * 4097])
def test_a_phone_does_not_send_an_empty_or_long_text(alice: Person, text: str) -> None:
    with pytest.raises(ValueError, match="between 1 and 4096"):
        alice.sends(text)


def test_a_phone_trims_what_it_sends(alice: Person) -> None:
    assert alice.sends("  /start ")["message"]["text"] == "/start"


def test_update_and_message_numbers_grow(sim: Simulator, alice: Person) -> None:
    bob = sim.person("Bob")
    updates = [person.sends("x") for person in (alice, bob, alice)]
    numbers = [update["update_id"] for update in updates]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    assert [update["message"]["message_id"] for update in updates] == [2, 3, 4]


def test_a_deep_link_starts_the_bot(alice: Person) -> None:
    assert (
        alice.opens("https://t.me/slotkeeper_bot?start=book_x")["message"]["text"]
        == "/start book_x"
    )
    assert alice.opens("https://t.me/Slotkeeper_Bot")["message"]["text"] == "/start"


@pytest.mark.parametrize(
    "link",
    [
        "https://t.me/another_bot?start=x",
        "https://t.me/slotkeeper_bot?start=a.b",
        f"t.me/slotkeeper_bot?start={'x' * 65}",
    ],
)
def test_a_link_that_does_not_start_the_bot_is_not_opened(alice: Person, link: str) -> None:
    with pytest.raises(ValueError, match="is not a link"):
        alice.opens(link)


async def test_a_link_with_an_unsupported_payload_causes_a_warning(
    sim: Simulator, alice: Person
) -> None:
    await _show(sim, alice, "t.me/slotkeeper_bot?start=a.b")
    await _show(
        sim, alice, '<a href="https://t.me/slotkeeper_bot?start=%20">x</a>', parse_mode="HTML"
    )
    await _show(
        sim,
        alice,
        reply_markup={
            "inline_keyboard": [[{"text": "x", "url": "https://t.me/slotkeeper_bot?start=a+b"}]]
        },
    )
    await _show(sim, alice, "https://t.me/slotkeeper_bot?start=a_b")
    assert [warning.split("'")[1] for warning in sim.transcript.warnings] == ["a.b", "%20", "a+b"]


async def test_a_tap_carries_the_current_message_and_shows_its_answer(
    sim: Simulator, alice: Person
) -> None:
    message_id = await _show(sim, alice, reply_markup=CONFIRM)
    query = alice.taps("Confirm")["callback_query"]
    assert (query["data"], query["from"]["id"], query["message"]["message_id"]) == (
        "c",
        alice.id,
        message_id,
    )
    assert query["message"]["reply_markup"] == CONFIRM
    await sim.call(
        "answerCallbackQuery",
        {"callback_query_id": query["id"], "text": "Done", "show_alert": True},
    )
    assert alice.toasts == [("Done", True)]


async def test_the_newest_button_with_the_label_is_tapped(sim: Simulator, alice: Person) -> None:
    first = await _show(sim, alice, reply_markup=CONFIRM)
    second = await _show(sim, alice, reply_markup=CONFIRM)
    await _show(sim, alice)
    assert alice.taps("Back")["callback_query"]["message"]["message_id"] == second
    assert (
        alice.taps("Back", message=alice.chat.find(first))["callback_query"]["message"][
            "message_id"
        ]
        == first
    )


async def test_the_error_for_a_missing_button_lists_existing_ones(
    sim: Simulator, alice: Person
) -> None:
    await _show(sim, alice, reply_markup=CONFIRM)
    with pytest.raises(LookupError, match=r"no button 'Release'.*✅ Confirm"):
        alice.taps("Release")


async def test_a_button_that_sends_nothing_cannot_be_tapped(sim: Simulator, alice: Person) -> None:
    await _show(
        sim,
        alice,
        reply_markup={"inline_keyboard": [[{"text": "Copy", "copy_text": {"text": "x"}}]]},
    )
    with pytest.raises(LookupError, match="sends nothing"):
        alice.taps("Copy")


async def test_a_mention_shows_only_people_the_bot_knows(sim: Simulator, alice: Person) -> None:
    links = f'<a href="tg://user?id={alice.id}">Alice</a> and <a href="tg://user?id=77">nobody</a>'
    await _show(sim, alice, links, parse_mode="HTML")
    [mention] = alice.chat.last_from_bot.entities
    assert (mention["type"], mention["user"]["username"]) == ("text_mention", "alice")


async def test_in_a_group_the_bot_deletes_only_its_own_messages(
    sim: Simulator, alice: Person
) -> None:
    team = sim.group("Team")
    alices = alice.sends_in(team, "hello")["message"]["message_id"]
    await sim.call("sendMessage", {"chat_id": team.id, "text": "x"})
    own = team.chat.last_from_bot.id
    assert (
        await sim.call("deleteMessage", {"chat_id": team.id, "message_id": alices})
    ).status == 400
    assert (await sim.call("deleteMessage", {"chat_id": team.id, "message_id": own})).status == 200
    assert (await sim.call("deleteMessage", {"chat_id": alice.id, "message_id": 1})).status == 200
    assert ([message.text for message in team.chat.messages], alice.chat.messages) == (
        ["hello"],
        [],
    )


async def test_forged_data_may_come_from_a_deleted_message(sim: Simulator, alice: Person) -> None:
    message_id = await _show(sim, alice)
    assert alice.taps_data("forged", message_id)["callback_query"]["message"]["text"] == "x"
    await sim.call("deleteMessage", {"chat_id": alice.id, "message_id": message_id})
    query = alice.taps_data("forged", message_id)["callback_query"]
    assert (query["data"], query["message"]["date"]) == ("forged", 0)


async def test_a_button_with_a_link_to_the_bot_opens_it(sim: Simulator, alice: Person) -> None:
    await _show(
        sim,
        alice,
        reply_markup={
            "inline_keyboard": [[{"text": "Open", "url": "https://t.me/slotkeeper_bot?start=a"}]]
        },
    )
    assert alice.taps("Open")["message"]["text"] == "/start a"


def test_an_edit_changes_ones_own_message(alice: Person) -> None:
    update = alice.edits(1, "/help")
    assert update["edited_message"]["text"] == "/help"
    assert update["edited_message"]["edit_date"]
    assert alice.chat.messages[0].text == "/help"
    with pytest.raises(LookupError):
        alice.edits(99, "x")


def test_stickers_and_pictures_arrive(alice: Person) -> None:
    assert alice.sends_sticker()["message"]["sticker"]["emoji"]
    photo = alice.sends_photo(caption="/look")["message"]
    assert (photo["caption"], photo["photo"][0]["width"]) == ("/look", 1)
    assert photo["caption_entities"][0]["type"] == "bot_command"


async def test_a_group_has_its_own_chat(sim: Simulator, alice: Person) -> None:
    team, other = sim.group("Team"), sim.group("Other")
    assert other.id != team.id
    update = alice.sends_in(team, "/start@slotkeeper_bot")
    assert update["message"]["chat"] == {
        "id": team.id,
        "type": "group",
        "title": "Team",
        "all_members_are_administrators": False,
    }
    await sim.call("sendMessage", {"chat_id": team.id, "text": "hello"})
    assert team.chat.last_from_bot.text == "hello"
    assert [message.text for message in alice.chat.messages] == ["/start"]


def test_blocking_and_unblocking_cause_updates(sim: Simulator, alice: Person) -> None:
    blocked = alice.blocks()["my_chat_member"]
    assert (blocked["old_chat_member"]["status"], blocked["new_chat_member"]["status"]) == (
        "member",
        "kicked",
    )
    with pytest.raises(RuntimeError, match="blocked"):
        alice.sends("x")
    assert alice.unblocks()["my_chat_member"]["new_chat_member"] == {
        "user": sim.world.bot,
        "status": "member",
    }
    alice.sends("x")


async def test_the_chat_shows_what_the_bot_sent_edited_and_deleted(
    sim: Simulator, alice: Person
) -> None:
    message_id = await _show(
        sim,
        alice,
        "<b>one</b>",
        parse_mode="HTML",
        reply_markup=CONFIRM,
        reply_parameters={"message_id": 1},
    )
    message = alice.chat.last_from_bot
    assert (message.sender, message.text, message.html, message.labels) == (
        "bot",
        "one",
        "<b>one</b>",
        ["✅ Confirm", "Back"],
    )
    assert message.reply_to is alice.chat.messages[0]
    assert message.as_json()["reply_to_message"]["text"] == "/start"
    await sim.call(
        "editMessageText", {"chat_id": alice.id, "message_id": message_id, "text": "two"}
    )
    assert (message.text, message.rows, message.entities, message.edited) == ("two", [], [], 1)
    deleted = await sim.call(
        "deleteMessages", {"chat_id": alice.id, "message_ids": [message_id, 999]}
    )
    assert deleted.body == {"ok": True, "result": True}
    assert [message.sender for message in alice.chat.messages] == ["person"]
    with pytest.raises(LookupError):
        _ = alice.chat.last_from_bot


async def test_the_chat_shows_files_and_actions(sim: Simulator, alice: Person) -> None:
    await sim.call("sendChatAction", {"chat_id": alice.id, "action": "upload_document"})
    await sim.call(
        "sendDocument",
        {"chat_id": alice.id, "caption": "c"},
        {"document": Upload("a.ics", "text/calendar", b"BEGIN")},
    )
    document = alice.chat.last_from_bot.document
    assert document is not None
    assert (document.name, document.content, alice.chat.last_from_bot.text) == (
        "a.ics",
        b"BEGIN",
        "c",
    )
    assert alice.chat.actions == ["upload_document"]
    await sim.call(
        "editMessageCaption",
        {"chat_id": alice.id, "message_id": alice.chat.last_from_bot.id, "caption": "d"},
    )
    assert alice.chat.last_from_bot.text == "d"


async def test_the_narrowest_commands_in_the_persons_language_are_shown(
    sim: Simulator, alice: Person
) -> None:
    bob = sim.person("Bob", language_code="de")

    async def offer(name: str, **params: object) -> None:
        await sim.call(
            "setMyCommands", {"commands": [{"command": name, "description": "x"}]} | params
        )

    def shown(person: Person) -> list[str]:
        return [command["command"] for command in sim.commands_for(person)]

    assert shown(alice) == []
    await offer("start")
    await offer("los", language_code="de")
    assert (shown(alice), shown(bob)) == (["start"], ["los"])
    await offer("book", scope={"type": "all_private_chats"})
    await offer("hours", scope={"type": "chat", "chat_id": alice.id})
    assert (shown(alice), shown(bob)) == (["hours"], ["book"])
    await sim.call("deleteMyCommands", {"scope": {"type": "chat", "chat_id": alice.id}})
    assert shown(alice) == ["book"]
