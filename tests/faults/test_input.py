"""Forged buttons, random text and strange names are answered and reveal nothing."""

import random
from dataclasses import fields
from typing import Any

import pytest

from tests.faults.invariants import broken_invariants
from tests.faults.scenario import ACTS, Scenario
from tests.kit.buttons import button_types
from tests.kit.chat import ChatUser
from tests.kit.raw_database import rows
from tests.kit.sampling import PROFILE, seeded

FORGED = PROFILE.pick(fast=100, full=10_000)
_AT_ONCE = 20
LINES = PROFILE.pick(fast=30, full=2_000)
KINDS: list[Any] = button_types()
_EXTREMES = (
    "",
    "0",
    "1",
    "2",
    "-1",
    "99999999",
    str(2**52),
    str(2**63),
    "20261125",
    "22000101",
    "Europe/Berlin",
    "de",
    "x",
    "\x00",
    "\u0663",
)
_RESERVATIONS = "SELECT * FROM reservation ORDER BY id"
_HOURS = "SELECT * FROM availability ORDER BY provider_id, end_cell"
# Characters outside ordinary text: NUL, surrogates, bidi controls and combining characters.
_ODD = "\x00\x01\x1b\ud800\udfff\u202e\u2066\u200d\ufeff\ufffe\u0301<&\"'%{}\\/\n\t "


def forged(rng: random.Random) -> str:
    """Return callback data that was valid before a random change."""
    kind = rng.choice(KINDS)
    parts = [
        kind.tag,
        *(
            rng.choice(_EXTREMES) if rng.random() < 0.3 else str(rng.randint(0, 9))
            for _ in fields(kind)
        ),
    ]
    data = ":".join(parts)
    if rng.random() < 0.3 and data:
        at = rng.randrange(len(data))
        data = (
            data[:at]
            + rng.choice(("", ":", "\ud800", "9", chr(rng.randrange(0x110000))))
            + data[at + rng.randint(0, 2) :]
        )
    return data or "?"


def line(rng: random.Random) -> str:
    """Return random text of odd characters and characters of every plane, invalid ones included."""
    size = rng.randint(1, 40)
    drawn = (
        rng.choice(_ODD)
        if rng.random() < 0.2
        else chr(rng.randrange(0x10000) + (rng.randrange(17) << 16))
        for _ in range(size)
    )
    beginnings = ("", "/", "/start ", "/start book_", "/start join_", "25 Nov ", "9:00-")
    return f"{rng.choice(beginnings)}{''.join(drawn)}."


@pytest.mark.parametrize("seed", [1])
async def test_forged_buttons_are_answered_and_change_nothing_of_others(
    scenario: Scenario, seed: int
) -> None:
    for act in ("hold", "confirm", "publish"):
        await scenario.bot.processes(await ACTS[act](scenario))
    await scenario.bot.settles()
    people, url = [*scenario.people, scenario.dora], scenario.bot.app.database.url
    before = rows(url, _RESERVATIONS), rows(url, _HOURS)
    # Mallory is neither client nor provider: only their own holds may change.
    mallory, rng = scenario.bot.joins("Mallory"), seeded(seed)
    await mallory.sends("/start")
    for _ in range(FORGED // _AT_ONCE):
        for _ in range(_AT_ONCE):
            mallory.person.taps_data(forged(rng), mallory.last.id)
        await scenario.bot.settles()

    assert (
        [row for row in rows(url, _RESERVATIONS) if row[2] != mallory.id],
        rows(url, _HOURS),
    ) == before
    assert await broken_invariants(scenario.bot, *people, mallory) == []


@pytest.mark.parametrize("seed", [1])
async def test_any_text_at_any_step_is_answered(scenario: Scenario, seed: int) -> None:
    rng, alice = seeded(seed), await scenario.new_holder()
    for number in range(LINES):
        person = rng.choice((alice, scenario.dora))
        if number % 5 == 0:
            await person.sends(rng.choice(("/book", "/hours", "/settings", "/agenda", "/bookings")))
        newest = person.last.id
        await person.sends(line(rng))
        assert person.last.id > newest

    assert await broken_invariants(scenario.bot, alice, scenario.dora) == []


async def test_people_with_unusual_names_and_64_bit_ids_can_book(
    scenario: Scenario,
) -> None:
    bot = scenario.bot
    names = [
        "\u202eevE\x00\ud800",
        "\u05d3\u05d5\u05e8\u05d4",
        "\u3164",
        "\U0001f9b7" * 64,
        "<b>&",
        "".join(chr((plane << 16) + 0x41) for plane in range(17)),
    ]
    for number, name in enumerate(names):
        client = ChatUser(bot, bot.simulator.person(name, id=2**63 - 1 - number))
        scenario.people.append(client)
        await client.sends("/book")
        scenario.pick(client)
        await bot.settles()
        await client.taps("Confirm")

    assert len(
        rows(bot.app.database.url, "SELECT id FROM reservation WHERE status = 'confirmed'")
    ) == len(names)
    assert await broken_invariants(bot, *scenario.people, scenario.dora) == []
