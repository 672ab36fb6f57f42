"""Dialogues stored by the last release go on, and data that cannot be read starts afresh."""

import json
from typing import Any

import pytest

from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.raw_database import rows, run_sql

pytestmark = [pytest.mark.usually("sqlite"), pytest.mark.plain_wire]

CLIENTS = frozenset({"booking"})
# Recorded from the last release: what was stored in each state, then a line and its answer.
RECORDED = [
    (
        ("booking", "provider"),
        '{"part": "", "day": "2026-11-25", "other_day": null, "minutes": 555}',
        ("Dora", "Held for you"),
    ),
    (
        ("booking", "provider"),
        '{"part": "x", "day": null, "other_day": null, "minutes": null, "provider": 1}',
        ("Emil", "No free times right now"),
    ),
    (
        ("booking", "day"),
        '{"provider": 1, "moving": 0, "day": null, "other_day": null, "minutes": 555}',
        ("25 Nov", "09:15–09:30"),
    ),
    (
        ("booking", "time"),
        '{"part": "", "day": "2026-11-25", "minutes": null, "provider": 1, "moving": 0}',
        ("9:15", "09:15–09:30"),
    ),
    (("hours", "typing"), "{}", ("fri 9-12", "Fri 27 Nov")),
    (
        ("hours", "typing"),
        '{"notes": {"1": ["On the 24-hour clock: 09:00–12:00."]}}',
        ("fri 9-12", "Fri 27 Nov"),
    ),
    (("hours", "days"), '{"draft": 1}', ("9-12", "Fri 27 Nov")),
    (("hours", "start"), '{"draft": 1}', ("10:00", "From 10:00 until when?")),
    (("hours", "end"), '{"draft": 1, "start": 600}', ("12:00", "10:00–12:00")),
    (("hours", "removing"), '{"day": "2026-11-25"}', ("9-10", "09:00–10:00")),
    (("agenda", "day"), "{}", ("27 Nov", "Friday, 27 November 2026")),
    (("agenda", "reason"), '{"reservation": 1, "reason": ""}', ("I am ill", "I am ill")),
    (("settings", "zone"), "{}", ("Tokyo", "Tokyo")),
    (("settings", "name"), "{}", ("Dr Dora", "Dr Dora")),
    (("joining", "name"), "{}", ("Dr Dora", "Dr Dora")),
    (("joining", "zone"), "{}", ("Tokyo", "Tokyo")),
]
BROKEN = (
    "{}",
    "[]",
    '{"provider": "x", "draft": [], "reservation": {}, "start": -1.5, "notes": 5}',
    '{"provider": 999, "draft": 999, "reservation": 999, "day": "2026-13-01", "minutes": "noon"}',
    '{"unknown": 1}',
)


@pytest.fixture
async def dora(bot: BotHarness, open_hours: ChatUser, alice: ChatUser) -> ChatUser:
    """A provider with a draft of Friday, number 1, and a booking of Alice, number 1."""
    await alice.books("11:00")
    await open_hours.sends("/hours")
    await open_hours.taps("Choose days")
    await open_hours.taps("27")
    await add_provider(bot, "Emil", days=())
    return open_hours


def store(bot: BotHarness, person: ChatUser, place: tuple[str, str], data: str) -> None:
    """Put a person into a dialogue, as a release would have stored it."""
    url = bot.app.database.url
    own = f"(SELECT id FROM person WHERE telegram_id = {person.id})"
    run_sql(url, f"DELETE FROM dialogue WHERE person_id = {own}")
    run_sql(
        url,
        "INSERT INTO dialogue (person_id, flow, state, data, changed_at)"
        f" VALUES ({own}, '{place[0]}', '{place[1]}', '{data}', '2026-11-23 09:00:00')",
    )


def failures(bot: BotHarness) -> list[Any]:
    return [
        row
        for table in ("failed_update", "incident")
        for row in rows(bot.app.database.url, f"SELECT * FROM {table}")
    ]


@pytest.mark.parametrize(("place", "data", "talk"), RECORDED)
async def test_a_dialogue_of_the_last_release_goes_on(
    bot: BotHarness,
    alice: ChatUser,
    dora: ChatUser,
    place: tuple[str, str],
    data: str,
    talk: tuple[str, str],
) -> None:
    person = alice if place[0] in CLIENTS else dora
    store(bot, person, place, data)
    line, answer = talk
    await person.sends(line)

    person.last.shows(answer)
    assert failures(bot) == []


async def test_a_hold_that_the_last_release_was_moving_is_moved(
    bot: BotHarness, alice: ChatUser, dora: ChatUser
) -> None:
    await alice.sends("/book dora 25 Nov 9:00")
    data = '{"provider": 1, "moving": 2, "day": null, "other_day": null, "minutes": null}'
    store(bot, alice, ("booking", "day"), data)
    await alice.sends("25 Nov 9:15")

    alice.last.shows("Held for you", "09:15–09:30")
    held = rows(bot.app.database.url, "SELECT id FROM reservation WHERE status = 'held'")
    assert held == [(2,)]


async def test_a_reason_that_the_last_release_showed_can_be_confirmed(
    bot: BotHarness, alice: ChatUser, dora: ChatUser
) -> None:
    await dora.sends("/agenda 25 Nov")
    await dora.taps("11:00")
    await dora.taps("Cancel booking")
    await dora.sends("I am ill")
    store(bot, dora, ("agenda", "reason"), '{"reservation": 1, "reason": "I am ill"}')
    await dora.taps("Cancel and send note")

    alice.last.shows("I am ill")


async def test_the_last_release_can_read_what_is_stored(
    bot: BotHarness, alice: ChatUser, dora: ChatUser
) -> None:
    await alice.sends("/book dora")
    found = rows(bot.app.database.url, "SELECT data FROM dialogue WHERE flow = 'booking'")
    data = found[0][0] if isinstance(found[0][0], dict) else json.loads(found[0][0])

    assert (data["provider"], data["moving"]) == (1, 0)


@pytest.mark.parametrize("data", BROKEN)
@pytest.mark.parametrize("place", dict.fromkeys(place for place, _, _ in RECORDED), ids="-".join)
async def test_data_that_cannot_be_read_is_answered_and_lost(
    bot: BotHarness, alice: ChatUser, dora: ChatUser, place: tuple[str, str], data: str
) -> None:
    person = alice if place[0] in CLIENTS else dora
    for line in ("9:15", "fri 9-12", "hm hm"):
        store(bot, person, place, data)
        before = len(person.shown)
        await person.sends(line)
        assert len(person.shown) > before
    await person.taps_data("go:book", person.last.id)

    assert failures(bot) == []


@pytest.mark.parametrize("place", [("booking", "weather"), ("poetry", "day"), ("hours", "x")])
async def test_an_unknown_state_is_no_dialogue(
    bot: BotHarness, alice: ChatUser, dora: ChatUser, place: tuple[str, str]
) -> None:
    store(bot, alice, place, '{"day": "x"}')
    await alice.sends("hm hm")

    alice.last.shows("Sorry, I didn't get that.")
    await alice.sends("/book dora")
    await alice.sends("25 Nov 9:15")
    alice.last.shows("Held for you")
    assert failures(bot) == []
