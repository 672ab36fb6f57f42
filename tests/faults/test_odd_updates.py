"""Fuzzed updates with one wrong field: they do not keep others from being answered."""

import logging
import re
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from tests.faults.invariants import broken_invariants
from tests.faults.odd_updates import OddUpdate, all_odd_updates, odd_numbers, sample, valid
from tests.faults.odd_values import SECRET
from tests.faults.scenario import Scenario
from tests.kit.bot import ADMIN_ID
from tests.kit.chat import ChatUser
from tests.kit.http import HttpBot, PollingBot, WebhookBot
from tests.kit.raw_database import rows
from tests.kit.sampling import PROFILE, seeded
from tests.kit.waiting import until

BATCH = 80
SAMPLE = 160
PARTS = PROFILE.pick(fast=1, full=8)
_FIRST_STRANGER = 5_000_000
# One of each sort that has blocked others, or could.
KNOWN = (
    OddUpdate("text", ("message", "from", "first_name"), "null"),
    OddUpdate("text", ("message", "from", "first_name"), "empty text"),
    OddUpdate("block", ("my_chat_member", "from", "first_name"), "null"),
    OddUpdate("tap", ("callback_query", "from", "first_name"), "null"),
    OddUpdate("text", ("message", "from", "id"), "2**63"),
    OddUpdate("text", ("message", "from", "id"), "null"),
    OddUpdate("text", ("message", "chat", "id"), "text"),
    OddUpdate("text", ("message", "chat", "id"), "objects 200 deep"),
    OddUpdate("text", ("message", "text"), "int"),
    OddUpdate("text", ("message", "text"), "white space"),
    OddUpdate("text", ("message", "text"), "half a character"),
    OddUpdate("text", ("message", "text"), "no UTF-8"),
    OddUpdate("text", ("message", "date"), "1e999"),
    OddUpdate("text", ("message", "date"), "NaN"),
    OddUpdate("text", ("message", "message_id"), "5,000 digits"),
    OddUpdate("text", ("message", "text"), "lists 2,000 deep"),
    OddUpdate("tap", ("callback_query", "id"), "null"),
    OddUpdate("tap", ("callback_query", "message", "reply_markup"), "list"),
    OddUpdate("tap", ("callback_query", "message", "message_id"), "2**63"),
)
# What the invariant check may report about senders of odd updates.
_EXPECTED = re.compile(
    r"^update \d+ was set aside: |^Updates that failed three times"
    r"|^a \w+ is (withheld|parked|waiting): "
)
_REPORTED = re.compile(r"(\d+) messages? or taps? couldn\'t be processed and (?:was|were) skipped")


@pytest.fixture(params=["polling", "webhook"])
async def odd_scenario(
    request: pytest.FixtureRequest, database_url: str, unused_tcp_port: int
) -> AsyncIterator["OddScenario"]:
    """A venue whose bot receives updates from a Telegram that sends anything."""
    bot = (
        PollingBot(database_url)
        if request.param == "polling"
        else WebhookBot(database_url, unused_tcp_port)
    )
    bot.simulator.webhook.pace = 0.05
    await bot.starts()
    scenario = OddScenario(bot)
    await scenario.set_up_people()
    yield scenario
    await bot.ends()


class OddScenario(Scenario):
    """A venue where strangers send odd updates between valid ones of others."""

    def __init__(self, bot: HttpBot) -> None:
        super().__init__(bot)
        self.served = bot
        self.admin: ChatUser
        self.regulars: list[ChatUser] = []
        self._strangers = iter(range(_FIRST_STRANGER, 2**31))
        self._asked = 0
        self._invalid: set[int] = set()

    async def set_up_people(self) -> None:
        """Create an admin, a provider, a client with a booking, and regular clients."""
        await self.set_up()
        self.admin = self.bot.joins("Ada", id=ADMIN_ID)
        await self.admin.sends("/start")
        await (await self.new_holder()).taps("Confirm")
        self.regulars = [self.bot.joins(f"Regular {number}") for number in range(3)]

    async def send_between_valid(self, batch: Sequence[OddUpdate]) -> None:
        """Send odd updates between valid ones, and check that everyone valid is answered."""
        third = -(-len(batch) // 3)
        for number, regular in enumerate(self.regulars):
            for odd in batch[number * third : (number + 1) * third]:
                self._send(odd)
            regular.person.sends("/help")
        self._asked += 1
        newcomer = self.bot.joins("Newcomer")
        newcomer.person.sends("/start")
        # The odd updates are still being retried.
        await until(
            lambda: newcomer.shown and all(len(each.shown) == self._asked for each in self.regulars)
        )
        self._drop_invalid()
        await self.bot.receives()
        assert [len(each.shown) for each in self.regulars] == [self._asked] * 3

    def _drop_invalid(self) -> None:
        """Stop posting invalid updates, as Telegram does after a day; polling skips them."""
        if self.bot.simulator.world.webhook.url:
            refused = [
                entry
                for entry in self.bot.simulator.world.updates.pending
                if entry.id in self._invalid
            ]
            for entry in refused:
                self.bot.simulator.world.updates.done(entry)

    def _send(self, odd: OddUpdate) -> None:
        """Send an odd update from an unknown stranger whose chat the simulator has."""
        stranger = next(self._strangers)
        world = self.bot.simulator.world
        self.bot.simulator.person("Stranger", id=stranger)
        world.accounts[stranger].started = True
        number = world.updates.next_id
        if not odd.path or odd.path == ("update_id",):
            self._invalid.add(number)
        world.updates.add_raw(odd.as_json({"update_id": number, **valid(odd.kind, stranger)}))

    async def violations(self) -> list[str]:
        """Return all violations except set-aside odd updates and unreachable strangers."""
        people = [*self.people, self.dora, *self.regulars]
        known = ", ".join(str(person.id) for person in (*people, self.admin))
        violations = [
            sentence
            for sentence in await broken_invariants(self.bot, *people)
            if not _EXPECTED.match(sentence)
        ]
        unsent = rows(
            self.bot.app.database.url,
            f"SELECT kind, error FROM outbox WHERE error IS NOT NULL AND chat_id IN ({known})",
        )
        return violations + [
            f"a {kind} was not sent to one of ours: {error}" for kind, error in unsent
        ]

    async def reported_to_admin(self) -> int:
        """Return how many set-aside updates the admin was notified of within two hours."""
        await self.bot.advances(hours=1)
        await self.bot.advances(hours=1)
        return sum(
            int(count) for message in self.admin.shown for count in _REPORTED.findall(message.text)
        )


def _parts(odd: Sequence[OddUpdate]) -> Iterator[Sequence[OddUpdate]]:
    return (odd[at : at + BATCH] for at in range(0, len(odd), BATCH))


async def _check_survival(
    scenario: OddScenario, odd: Sequence[OddUpdate], caplog: pytest.LogCaptureFixture
) -> None:
    """Send odd updates and check the state afterwards."""
    caplog.set_level(logging.INFO)
    for batch in _parts(odd):
        await scenario.send_between_valid(batch)
    assert await scenario.violations() == []
    set_aside = await scenario.served.metric_sum("slotkeeper_updates_total", outcome="set_aside")
    print(f"{len(odd)} odd updates, {set_aside:.0f} set aside")  # noqa: T201  (shown by pytest on request)
    assert await scenario.reported_to_admin() == set_aside
    assert (await scenario.served.request("/readyz")).status == 200
    assert (await scenario.served.request("/healthz")).status == 200
    assert SECRET not in caplog.text
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def _part_or_sample(part: int, seed: object) -> list[OddUpdate]:
    """Return one part of all odd updates, or a sample."""
    if not PROFILE.full:
        return [*KNOWN, *sample(seeded(seed), SAMPLE)]
    all_odd = all_odd_updates()
    seeded("order").shuffle(all_odd)
    return all_odd[part::PARTS]


@pytest.mark.parametrize("part", range(PARTS))
async def test_a_wrong_field_does_not_block_others(
    odd_scenario: OddScenario,
    part: int,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
) -> None:
    await _check_survival(odd_scenario, _part_or_sample(part, request.node.name), caplog)


async def test_a_wrong_update_number_does_not_block_others(
    odd_scenario: OddScenario, caplog: pytest.LogCaptureFixture
) -> None:
    await _check_survival(odd_scenario, list(odd_numbers()), caplog)
