"""Fuzzed updates with one wrong field: they do not keep others from being answered."""

import logging
import re
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from tests.faults.invariants import aftermath
from tests.faults.odd_updates import Odd, drawn, every_odd_one, odd_numbers, valid
from tests.faults.odd_values import SECRET
from tests.faults.scenario import Scenario
from tests.kit.bot import ADMIN_ID
from tests.kit.chat import ChatUser
from tests.kit.http import PolledBot, ServedBot, WebhookBot
from tests.kit.raw_database import rows
from tests.kit.sampling import PROFILE, seeded
from tests.kit.waiting import until

BATCH = 80
SAMPLE = 160
PARTS = PROFILE.pick(fast=1, full=8)
_FIRST_STRANGER = 5_000_000
# One of each sort that has blocked others, or could.
KNOWN = (
    Odd("text", ("message", "from", "first_name"), "null"),
    Odd("text", ("message", "from", "first_name"), "empty text"),
    Odd("block", ("my_chat_member", "from", "first_name"), "null"),
    Odd("tap", ("callback_query", "from", "first_name"), "null"),
    Odd("text", ("message", "from", "id"), "2**63"),
    Odd("text", ("message", "from", "id"), "null"),
    Odd("text", ("message", "chat", "id"), "text"),
    Odd("text", ("message", "chat", "id"), "objects 200 deep"),
    Odd("text", ("message", "text"), "int"),
    Odd("text", ("message", "text"), "white space"),
    Odd("text", ("message", "text"), "half a character"),
    Odd("text", ("message", "text"), "no UTF-8"),
    Odd("text", ("message", "date"), "1e999"),
    Odd("text", ("message", "date"), "NaN"),
    Odd("text", ("message", "message_id"), "5,000 digits"),
    Odd("text", ("message", "text"), "lists 2,000 deep"),
    Odd("tap", ("callback_query", "id"), "null"),
    Odd("tap", ("callback_query", "message", "reply_markup"), "list"),
    Odd("tap", ("callback_query", "message", "message_id"), "2**63"),
)
# What the invariant check may report about senders of odd updates.
_EXPECTED = re.compile(
    r"^update \d+ was set aside: |^Updates that failed three times|^a \w+ is (withheld|parked|waiting): "
)
_TOLD = re.compile(r"• (\d+) things? that .* set aside")


@pytest.fixture(params=["polling", "webhook"])
async def odd_scene(
    request: pytest.FixtureRequest, database_url: str, unused_tcp_port: int
) -> AsyncIterator["OddScene"]:
    """A venue whose bot receives updates from a Telegram that sends anything."""
    bot = (
        PolledBot(database_url)
        if request.param == "polling"
        else WebhookBot(database_url, unused_tcp_port)
    )
    bot.simulator.webhook.pace = 0.05
    await bot.starts()
    scenario = OddScene(bot)
    await scenario.begins()
    yield scenario
    await bot.ends()


class OddScene(Scenario):
    """A venue where strangers send odd updates between valid ones of others."""

    def __init__(self, bot: ServedBot) -> None:
        super().__init__(bot)
        self.served = bot
        self.admin: ChatUser
        self.regulars: list[ChatUser] = []
        self._strangers = iter(range(_FIRST_STRANGER, 2**31))
        self._asked = 0
        self._no_updates: set[int] = set()

    async def begins(self) -> None:
        """Create an admin, a provider, a client with a booking, and regular clients."""
        await self.opens()
        self.admin = self.bot.joins("Ada", id=ADMIN_ID)
        await self.admin.sends("/start")
        await (await self.holder()).taps("Confirm")
        self.regulars = [self.bot.joins(f"Regular {number}") for number in range(3)]

    async def meets(self, batch: Sequence[Odd]) -> None:
        """Send odd updates between valid ones, and check that everyone valid is answered."""
        third = -(-len(batch) // 3)
        for number, regular in enumerate(self.regulars):
            for odd in batch[number * third : (number + 1) * third]:
                self._sends(odd)
            regular.person.sends("/help")
        self._asked += 1
        newcomer = self.bot.joins("Newcomer")
        newcomer.person.sends("/start")
        # The odd updates are still being retried.
        await until(
            lambda: newcomer.shown and all(len(each.shown) == self._asked for each in self.regulars)
        )
        self._gives_up()
        await self.bot.receives()
        assert [len(each.shown) for each in self.regulars] == [self._asked] * 3

    def _gives_up(self) -> None:
        """Stop posting invalid updates, as Telegram does after a day; polling skips them."""
        if self.bot.simulator.world.webhook.url:
            refused = [
                entry
                for entry in self.bot.simulator.world.updates.pending
                if entry.id in self._no_updates
            ]
            for entry in refused:
                self.bot.simulator.world.updates.done(entry)

    def _sends(self, odd: Odd) -> None:
        """Send an odd update from an unknown stranger whose chat the simulator has."""
        stranger = next(self._strangers)
        world = self.bot.simulator.world
        self.bot.simulator.person("Stranger", id=stranger)
        world.accounts[stranger].started = True
        number = world.updates.next_id
        if not odd.path or odd.path == ("update_id",):
            self._no_updates.add(number)
        world.updates.add_raw(odd.written({"update_id": number, **valid(odd.kind, stranger)}))

    async def found(self) -> list[str]:
        """Return all violations except set-aside odd updates and unreachable strangers."""
        people = [*self.people, self.dora, *self.regulars]
        known = ", ".join(str(person.id) for person in (*people, self.admin))
        wrong = [
            sentence
            for sentence in await aftermath(self.bot, *people)
            if not _EXPECTED.match(sentence)
        ]
        unsent = rows(
            self.bot.app.database.url,
            f"SELECT kind, error FROM outbox WHERE error IS NOT NULL AND recipient_id IN ({known})",
        )
        return wrong + [f"a {kind} was not sent to one of ours: {error}" for kind, error in unsent]

    async def told_of(self) -> int:
        """Return how many set-aside updates the admin was notified of within two hours."""
        await self.bot.advances(hours=1)
        await self.bot.advances(hours=1)
        return sum(
            int(count) for message in self.admin.shown for count in _TOLD.findall(message.text)
        )


def _parts(odd: Sequence[Odd]) -> Iterator[Sequence[Odd]]:
    return (odd[at : at + BATCH] for at in range(0, len(odd), BATCH))


async def _survives(
    scenario: OddScene, odd: Sequence[Odd], caplog: pytest.LogCaptureFixture
) -> None:
    """Send odd updates and check the state afterwards."""
    caplog.set_level(logging.INFO)
    for batch in _parts(odd):
        await scenario.meets(batch)
    assert await scenario.found() == []
    set_aside = await scenario.served.adds_up("slotkeeper_updates_total", outcome="set_aside")
    print(f"{len(odd)} odd updates, {set_aside:.0f} set aside")  # noqa: T201  (shown by pytest on request)
    assert await scenario.told_of() == set_aside
    assert (await scenario.served.asks("/readyz")).status == 200
    assert (await scenario.served.asks("/healthz")).status == 200
    assert SECRET not in caplog.text
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def _chosen(part: int, seed: object) -> list[Odd]:
    """Return one part of all odd updates, or a sample."""
    if not PROFILE.full:
        return [*KNOWN, *drawn(seeded(seed), SAMPLE)]
    everything = every_odd_one()
    seeded("order").shuffle(everything)
    return everything[part::PARTS]


@pytest.mark.parametrize("part", range(PARTS))
async def test_no_field_of_any_update_keeps_others_from_being_answered(
    odd_scene: OddScene, part: int, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    await _survives(odd_scene, _chosen(part, request.node.name), caplog)


async def test_no_number_of_an_update_keeps_others_from_being_answered(
    odd_scene: OddScene, caplog: pytest.LogCaptureFixture
) -> None:
    await _survives(odd_scene, list(odd_numbers()), caplog)
