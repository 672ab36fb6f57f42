"""Outbox rows reach people in order and at least once; an undeliverable row blocks no other."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic_core import PydanticSerializationError
from telegram import Update

from bot.dialogue.context import Context
from bot.messages.actions import Action, Edit, Send, SendQr, to_payload
from bot.messages.screen import Screen
from bot.outbox.rate_limiter import RateLimiter
from simulator.faults import FaultKind
from storage.repositories.outbox import LEASE
from tests.kit.bot import BotHarness, running
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_people, add_provider
from tests.kit.handlers import add_reply, calls, cards, echo, on_text, outbox, replying, texts
from tests.kit.raw_database import rows, run_sql
from tests.kit.waiting import until


@pytest.fixture
async def alice(impatient_bot: BotHarness) -> ChatUser:
    on_text(impatient_bot, "hi", echo)
    return impatient_bot.joins("Alice")


@pytest.fixture
async def bob(impatient_bot: BotHarness) -> ChatUser:
    return impatient_bot.joins("Bob")


async def puts_in(bot: BotHarness, who: ChatUser, *actions: Action) -> None:
    """Put an answer for a person into the outbox, as one that had to wait."""
    async with bot.app.database.transaction() as uow:
        await add_reply(uow, who, bot.now - LEASE, *actions)


def spoils(bot: BotHarness, column: str, value: str) -> None:
    """Corrupt a column of every row that waits."""
    run_sql(bot.app.database.url, f"UPDATE outbox SET {column} = '{value}' WHERE state = 'due'")


def unreachable(bot: BotHarness, who: ChatUser) -> bool:
    return bool(
        rows(
            bot.app.database.url,
            f"SELECT unreachable_since IS NOT NULL FROM person WHERE telegram_id = {who.id}",
        )
        == [(1,)]
    )


async def test_a_person_who_blocks_the_bot_is_sent_nothing_until_they_write_again(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    await add_provider(bot)
    await alice.holds("09:15")
    alice.person.blocks()
    await bot.settles()
    assert unreachable(bot, alice)

    await bot.advances(minutes=31)
    sent = len(bot.simulator.transcript.calls)
    await bot.advances(hours=1)
    assert len(bot.simulator.transcript.calls) == sent
    assert {state for _, state, _ in outbox(bot)} == {"skipped", "withheld"}

    alice.person.unblocks()
    await alice.sends("hi")
    assert alice.sees("heard hi")
    alice.last.shows("Your hold has expired")
    assert not unreachable(bot, alice)


@pytest.mark.refuses("chat not found")
@pytest.mark.parametrize("reason", ["blocked", "gone"])
async def test_answers_for_an_unreachable_person_are_dropped_at_the_first_refusal(
    impatient_bot: BotHarness, alice: ChatUser, bob: ChatUser, reason: str
) -> None:
    bot = impatient_bot
    await alice.sends("hi")
    await bob.sends("/help")
    bot.simulator.world.accounts[alice.id].blocked = reason == "blocked"
    if reason == "gone":
        del bot.simulator.world.chats[alice.id]
    for number in range(3):
        await puts_in(bot, alice, Send(Screen(f"for no one {number}")))
    await puts_in(bot, bob, Send(Screen("for Bob")))
    await bot.run_due()

    assert unreachable(bot, alice)
    assert bob.last.text == "for Bob"
    assert outbox(bot) == []
    assert sum("for no one" in call.params["text"] for call in calls(bot, "sendMessage")) == 1


async def test_a_flood_wait_is_respected_and_nothing_overtakes(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    dora = await add_provider(bot)
    await alice.holds("09:15")
    bot.simulator.faults.add(FaultKind.FLOOD, person=alice.person, retry_after=3600)
    await alice.sends("hi")
    await bot.advances(minutes=35)
    await alice.sends("hi again")
    assert alice.last.text != "heard hi"
    assert len(calls(bot, "sendMessage", dora)) == 0

    before = len(texts(alice))
    await bot.advances(minutes=24, seconds=59)
    assert len(texts(alice)) == before
    await bot.advances(seconds=1)
    sent = [call.params["text"] for call in calls(bot, "sendMessage", alice) if call.ok]
    assert [text for text in sent[-3:] if text.startswith("heard")] == [
        "heard hi",
        "heard hi again",
    ]
    assert "expired" in sent[-2]


async def test_an_older_answer_never_overwrites_a_newer_one(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    await alice.sends("hi")
    number = alice.last.id
    on_text(bot, "older", replying(Edit(number, Screen("older"))))
    on_text(bot, "newer", replying(Edit(number, Screen("newer"))))
    bot.simulator.faults.add(FaultKind.FLOOD, method="editMessageText", retry_after=5)
    await alice.sends("older")
    bot.now += timedelta(seconds=5)
    alice.person.sends("newer")
    await bot.processes(bot.simulator.take_updates())
    await bot.run_due()

    assert texts(alice) == ["newer"]
    assert [call.params["text"] for call in calls(bot, "editMessageText") if call.ok] == [
        "older",
        "newer",
    ]


async def test_a_slow_server_gets_each_message_twice_at_most(
    impatient_bot: BotHarness, alice: ChatUser, bob: ChatUser
) -> None:
    bot = impatient_bot
    bot.simulator.faults.add(
        FaultKind.SLOW,
        method="sendMessage",
        person=alice.person,
        times=None,
        delay=2 * bot.read_timeout,
    )
    for line in ("hi 1", "hi 2", "hi 3"):
        await alice.sends(line)
    await bob.sends("/help")
    for _ in range(8):
        await bot.advances(seconds=2)

    copies = Counter(texts(alice))
    assert list(copies) == ["heard hi 1", "heard hi 2", "heard hi 3"]
    # The first answer shows that the server is slow; later ones are given more time.
    assert copies == {"heard hi 1": 2, "heard hi 2": 1, "heard hi 3": 1}
    assert outbox(bot) == []


async def test_a_chat_gets_the_usual_timeout_again_once_answers_are_fast(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    for line in ("hi 1", "hi 2"):
        bot.simulator.faults.add(FaultKind.SLOW, method="sendMessage", delay=2 * bot.read_timeout)
        await alice.sends(line)
        await bot.advances(seconds=2)

    assert Counter(texts(alice)) == {"heard hi 1": 2, "heard hi 2": 2}


async def test_a_message_in_flight_for_longer_than_a_lease_is_not_sent_again(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    bot.read_timeout = 30
    await bot.restarts()
    await alice.sends("hi")
    bot.simulator.faults.add(FaultKind.SLOW, method="sendMessage", delay=3)
    await puts_in(bot, alice, Send(Screen("slow")))
    sweeping = asyncio.create_task(bot.run_due())
    await until(lambda: "slow" in texts(alice))
    # In the last step, the clock is set forward.
    for seconds in (40, 40, 40, 3600):
        bot.now += timedelta(seconds=seconds)
        await bot.app.jobs.run_due()
    await sweeping

    assert texts(alice).count("slow") == 1
    assert outbox(bot) == []


@pytest.mark.engines("sqlite")
async def test_many_people_with_several_messages_each_are_all_served(database_url: str) -> None:
    async with running(BotHarness(database_url, rate_limiter=RateLimiter())) as bot:
        people = [bot.joins(f"Person {number}") for number in range(80)]
        for person in people:
            bot.simulator.world.accounts[person.id].started = True
            await puts_in(bot, person, Send(Screen("one")), Send(Screen("two")))
        async with asyncio.timeout(60):
            while outbox(bot):
                await bot.app.jobs.run_due()

        assert {tuple(texts(person)) for person in people} == {("one", "two")}
        stranger = bot.joins("Stranger")
        await stranger.sends("/help")
        assert stranger.shown


async def test_answers_come_before_a_backlog_of_notifications(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    await alice.sends("hi")
    async with bot.app.database.transaction() as uow:
        people = range(5_000, 5_400)
        await add_people(uow, *people)
        await uow.outbox.report(people, {}, bot.now - timedelta(hours=1))
        await add_reply(uow, alice, bot.now, Send(Screen("queued")), queued=True)
        claimed = await uow.outbox.claim(bot.now, 100, notifications=50)

    assert Counter(row.kind for row in claimed) == {"reply": 1, "digest": 50}


async def test_retries_back_off_to_five_minutes_and_never_stop(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    bot.simulator.faults.add(FaultKind.SERVER_ERROR, method="sendMessage", times=12)
    await alice.sends("hi")
    waits = []
    for _ in range(12):
        [(due,)] = rows(bot.app.database.url, "SELECT due_at FROM outbox")
        waits.append(round(due / 1_000_000 - bot.now.timestamp()))
        await bot.advances(seconds=waits[-1])

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert texts(alice) == ["heard hi"]


@pytest.mark.refuses("message text is empty")
async def test_a_refused_message_is_parked_and_later_ones_are_sent(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    on_text(bot, "broken", replying(Send(Screen(""))))
    await alice.sends("broken")
    await alice.sends("hi")

    assert texts(alice) == ["heard hi"]
    [(kind, state, error)] = outbox(bot, "kind, state, error")
    assert (kind, state) == ("reply", "parked")
    assert "text is empty" in error


@pytest.mark.parametrize(
    ("column", "value"),
    [("payload", '{"steps": [{"step": "dance"}]}'), ("payload", "{}"), ("kind", "gossip")],
)
async def test_a_row_that_cannot_be_rendered_is_parked_after_a_few_tries(
    impatient_bot: BotHarness, alice: ChatUser, bob: ChatUser, column: str, value: str
) -> None:
    bot = impatient_bot
    await alice.sends("hi")
    await bob.sends("/help")
    await puts_in(bot, alice, Send(Screen("spoilt")))
    spoils(bot, column, value)
    await puts_in(bot, alice, Send(Screen("behind")))
    await puts_in(bot, bob, Send(Screen("for Bob")))
    await bot.run_due()
    assert bob.last.text == "for Bob"
    assert alice.last.text == "heard hi"

    for _ in range(2):
        await bot.advances(minutes=1)
    assert alice.last.text == "behind"
    assert [state for (state,) in outbox(bot, "state")] == ["parked"]


async def test_an_answer_of_several_steps_continues_where_it_was_interrupted(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    await alice.sends("hi")
    on_text(
        bot,
        "three",
        replying(
            Edit(alice.last.id, Screen("edited")), *(Send(Screen(f"part {n}")) for n in range(3))
        ),
    )
    bot.simulator.faults.add(FaultKind.SERVER_ERROR, method="sendMessage", times=1)
    await alice.sends("three")
    assert texts(alice) == ["edited"]
    bot.simulator.faults.add(FaultKind.SERVER_ERROR, method="sendMessage", times=1)
    await bot.advances(seconds=1)
    await bot.advances(seconds=2)

    assert texts(alice) == ["edited", "part 0", "part 1", "part 2"]
    assert len(calls(bot, "editMessageText")) == 1


async def test_the_card_of_an_interrupted_answer_is_stored(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot

    async def card_and_more(update: Update, context: Context) -> None:
        context.request.enter("probe", "open")
        context.show(Screen("card"))
        context.request.actions.append(SendQr("https://t.me/x", "more"))
        bot.simulator.faults.add(FaultKind.SERVER_ERROR, method="sendPhoto")

    on_text(bot, "card", card_and_more)
    await alice.sends("card")
    assert texts(alice) == ["card"]
    assert rows(bot.app.database.url, "SELECT card_message_id FROM dialogue") == [(alice.last.id,)]
    await bot.advances(seconds=1)
    assert texts(alice) == ["card", "more"]


@pytest.mark.refuses("message to edit not found")
async def test_a_deleted_card_is_replaced_and_the_new_one_is_stored(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    await add_provider(bot)
    await alice.holds("09:15")
    card = alice.card
    bot.simulator.world.remove(alice.person.chat, [card.message])
    alice.person.taps_data(
        str(next(b.data for b in card.buttons if b.text.endswith("Confirm"))), card.id
    )
    await bot.settles()

    assert cards(bot) == [(1, alice.id, alice.card.id, None)]
    assert alice.card.id != card.id


async def test_a_notification_that_no_longer_holds_is_skipped(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    await add_provider(bot)
    await alice.books("09:15")
    before = len(texts(alice))
    await bot.advances(hours=1)

    assert len(texts(alice)) == before
    assert ("hold_warning", "skipped") in outbox(bot, "kind, state")


async def test_people_are_not_notified_of_their_own_acts(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    dora = await add_provider(bot)
    await alice.books("09:15")
    await bot.run_due()

    assert [
        (recipient, state)
        for recipient, kind, state in outbox(bot, "chat_id, kind, state")
        if kind == "booking_confirmed"
    ] == [(dora.id, "sent")]
    assert len(texts(dora)) == 1


async def test_a_chat_that_times_out_does_not_delay_others(
    impatient_bot: BotHarness, alice: ChatUser, bob: ChatUser
) -> None:
    bot = impatient_bot
    await alice.sends("hi")
    await bob.sends("/help")
    bot.simulator.faults.add(FaultKind.SILENCE, method="sendMessage", person=alice.person)
    await puts_in(bot, alice, Send(Screen("late")))
    await puts_in(bot, bob, Send(Screen("for Bob")))
    await bot.run_due()
    assert (alice.last.text, bob.last.text) == ("heard hi", "for Bob")

    await bot.advances(seconds=2)
    assert alice.last.text == "late"


async def test_a_row_postponed_while_it_waits_for_the_chat_lock_is_not_sent_early(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    await alice.sends("hi")
    await puts_in(bot, alice, Send(Screen("first")))
    await puts_in(bot, alice, Send(Screen("second")))
    async with bot.app.database.transaction() as uow:
        [first] = await uow.outbox.claim(bot.now, 10)
    async with bot.app.database.transaction() as uow:
        await uow.outbox.postpone(first, bot.now + timedelta(minutes=1), "flood")
    await bot.app.relay.deliver_claimed(first)
    assert texts(alice) == ["heard hi"]

    await bot.advances(minutes=1)
    assert texts(alice) == ["heard hi", "first", "second"]


async def test_a_committed_reply_is_sent_without_reading_its_payload(
    impatient_bot: BotHarness, alice: ChatUser
) -> None:
    bot = impatient_bot
    await alice.sends("hi")
    actions: list[Action] = [Edit(alice.last.id, Screen("edited")), Send(Screen("new"))]
    async with bot.app.database.transaction() as uow:
        row = await add_reply(uow, alice, bot.now, *actions)
    bot.simulator.faults.add(FaultKind.SERVER_ERROR, method="sendMessage", times=1)
    await bot.app.relay.reply(replace(row, payload={"steps": "not read"}), actions)
    assert texts(alice) == ["edited"]

    await bot.advances(seconds=1)
    assert texts(alice) == ["edited", "new"]
    assert len(calls(bot, "editMessageText")) == 1


async def test_payloads_are_plain_json(impatient_bot: BotHarness, alice: ChatUser) -> None:
    await puts_in(impatient_bot, alice, Send(Screen("ä")))

    [(payload,)] = outbox(impatient_bot, "payload")
    assert json.loads(payload)["steps"][0]["screen"] == {"text": "ä", "rows": []}


def test_a_step_with_invalid_values_fails_before_it_is_stored() -> None:
    number: Any = "7"
    with pytest.raises(PydanticSerializationError):
        to_payload([Edit(number, Screen("ä"))])
