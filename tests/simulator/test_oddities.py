"""What the real server sends and a phone hides: deleted accounts, unusual edits and senders."""

from typing import Any

import aiohttp
import pytest

from simulator import ABSENT, Person, Simulator
from simulator.state.groups import ANONYMOUS_ADMIN, CHANNEL_WRITER, FORWARDER


@pytest.mark.parametrize("first_name", ["", None])
def test_a_deleted_account_has_no_name(sim: Simulator, first_name: str | None) -> None:
    person = sim.person(first_name, last_name=None, username=None, language_code=None)
    update = person.sends("x")
    nameless = {"first_name": first_name, "last_name": None, "username": None}
    assert (
        update["message"]["from"] == {"id": 1000, "is_bot": False, "language_code": None} | nameless
    )
    assert update["message"]["chat"] == {"id": 1000, "type": "private"} | nameless
    assert (person.name, repr(person)) == ("", "<Person 1000 >")
    assert person.blocks()["my_chat_member"]["from"]["first_name"] == first_name


def test_names_and_codes_may_be_longer_than_any_column(sim: Simulator) -> None:
    sender = sim.person("A", username="u" * 300, language_code="de-" + "x" * 300).sends("x")[
        "message"
    ]["from"]
    assert (len(sender["username"]), len(sender["language_code"])) == (300, 303)


def test_names_change_and_disappear(sim: Simulator, alice: Person) -> None:
    alice.renames(first_name="", username=ABSENT, last_name="Long", language_code="pt-br")
    sender = {"first_name": "", "last_name": "Long"}
    update = alice.sends("x")
    assert (
        update["message"]["from"]
        == {"id": alice.id, "is_bot": False, "language_code": "pt-br"} | sender
    )
    assert update["message"]["chat"] == {"id": alice.id, "type": "private"} | sender
    assert alice.language_code == "pt-br"
    tap = alice.taps_data("x", 1)["callback_query"]
    assert tap["from"]["first_name"] == ""


def test_a_live_location_is_edited_as_it_moves_and_ends(alice: Person, clock: Any) -> None:
    shared = alice.sends_location(52.5, 13.4, live_period=900)["message"]
    assert shared["location"] == {"latitude": 52.5, "longitude": 13.4, "live_period": 900}
    clock.passes(10)
    moved = alice.moves(shared["message_id"], 52.6, 13.5)["edited_message"]
    assert moved["location"] == {"latitude": 52.6, "longitude": 13.5, "live_period": 900}
    assert moved["edit_date"] == shared["date"] + 10
    assert "text" not in moved
    ended = alice.stops_sharing(shared["message_id"])["edited_message"]
    assert ended["location"] == {"latitude": 52.6, "longitude": 13.5}


def test_an_edit_may_leave_the_text_as_it_is(alice: Person) -> None:
    sent = alice.sends("see example.org")["message"]
    bold = [{"type": "bold", "offset": 0, "length": 3}]
    edited = alice.edits(sent["message_id"], sent["text"], entities=bold)["edited_message"]
    assert (edited["text"], edited["entities"]) == (sent["text"], bold)
    hidden = alice.hides_preview(sent["message_id"])["edited_message"]
    assert (hidden["text"], hidden["link_preview_options"]) == (sent["text"], {"is_disabled": True})


def test_the_caption_of_a_picture_is_edited_too(alice: Person) -> None:
    photo = alice.sends_photo(caption="mine")["message"]
    edited = alice.edits(photo["message_id"], "ours")["edited_message"]
    assert (edited["caption"], "text" in edited, "photo" in edited) == ("ours", False, True)


async def test_an_anonymous_admin_is_shown_as_the_group(sim: Simulator) -> None:
    team = sim.supergroup("Team")
    message = team.sends_anonymously("/book@slotkeeper_bot", title="Boss")["message"]
    assert (message["from"], message["sender_chat"], message["author_signature"]) == (
        ANONYMOUS_ADMIN,
        message["chat"],
        "Boss",
    )
    assert message["chat"]["type"] == "supergroup"
    assert team.id < -1_000_000_000_000
    await sim.call("sendMessage", {"chat_id": team.id, "text": "x"})
    assert [written.sender for written in team.chat.messages] == ["person", "bot"]


def test_a_channel_writes_in_a_group_and_its_posts_are_forwarded_there(sim: Simulator) -> None:
    team, news = sim.supergroup("Team"), sim.channel("News", "news")
    shown = {"id": news.id, "type": "channel", "title": "News", "username": "news"}
    written = team.receives_from(news, "hello")["message"]
    assert (written["from"], written["sender_chat"], written["chat"]["id"]) == (
        CHANNEL_WRITER,
        shown,
        team.id,
    )
    assert "from" not in team.receives_from(news, "hello", user=None)["message"]
    forwarded = team.receives_post(news, "a post")["message"]
    assert (forwarded["from"], forwarded["sender_chat"], forwarded["is_automatic_forward"]) == (
        FORWARDER,
        shown,
        True,
    )
    origin = {
        "type": "channel",
        "chat": shown,
        "message_id": news.chat.messages[-1].id,
        "date": forwarded["date"],
    }
    assert forwarded["forward_origin"] == origin
    post = news.posts("another")["channel_post"]
    assert (post["sender_chat"], "from" in post) == (shown, False)


def test_an_ordinary_group_has_no_anonymous_admins(sim: Simulator) -> None:
    with pytest.raises(ValueError, match="only supergroups have anonymous admins"):
        sim.group("Team").sends_anonymously("x")


def test_another_bot_in_a_group_is_not_mistaken_for_the_bot(sim: Simulator) -> None:
    helper, team = sim.person("Helper", username="helper_bot", is_bot=True), sim.group("Team")
    assert helper.sends_in(team, "x")["message"]["from"]["is_bot"] is True
    with pytest.raises(LookupError):
        _ = team.chat.last_from_bot


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u200b"])
def test_a_client_that_does_not_trim_sends_only_white_space(alice: Person, text: str) -> None:
    assert alice.sends_exactly(text)["message"]["text"] == text


def test_service_messages_have_no_text(sim: Simulator, alice: Person) -> None:
    pinned = alice.pins(alice.chat.messages[0])["message"]
    assert (pinned["pinned_message"]["text"], "text" in pinned) == ("/start", False)
    assert alice.sets_timer(86400)["message"]["message_auto_delete_timer_changed"] == {
        "message_auto_delete_time": 86400
    }
    team = sim.group("Team")
    renamed = team.renames("Crew", by=alice.sends("x")["message"]["from"])["message"]
    assert (renamed["new_chat_title"], renamed["chat"]["title"]) == ("Crew", "Crew")


async def test_a_script_can_do_the_same_over_http(served: Simulator, alice: Person) -> None:
    async with aiohttp.ClientSession(served.url) as session:

        async def post(path: str, **body: Any) -> Any:
            async with session.post(f"/control/{path}", json=body) as response:
                return await response.json()

        gone = await post("people", first_name=None, username=None)
        assert (gone["first_name"], gone["username"], gone["language_code"]) == (None, None, "en")
        assert (await post("rename", person=gone["id"], first_name="", language_code=None))[
            "first_name"
        ] == ""
        assert (await post("send", person=alice.id, text=" ", exactly=True))["message"][
            "text"
        ] == " "
        assert (await post("edit", person=alice.id, message_id=1, text="y"))["edited_message"][
            "text"
        ] == "y"
        shared = (await post("locate", person=alice.id, latitude=1, longitude=2))["message"]
        moved = (
            await post(
                "locate", person=alice.id, latitude=1, longitude=3, message_id=shared["message_id"]
            )
        )["edited_message"]
        assert moved["location"] == {"latitude": 1, "longitude": 3, "live_period": 900}
        assert await post("faults", kind="slow", delay=0.01) == {"waiting": 1}
