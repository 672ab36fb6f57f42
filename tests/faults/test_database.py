"""The database fails during each act: refused work repeats; nothing is lost or done twice."""

import asyncio
from collections import Counter

import pytest

from tests.faults.database_faults import DATABASE_FAULTS, DatabaseFault
from tests.faults.invariants import broken_invariants
from tests.faults.scenario import ACTS, ACTS_PER_FAULT, SEEDS, Scenario, Updates
from tests.kit.bot import BotHarness
from tests.kit.sampling import seeded

# These faults only delay the bot.
DELAY_ONLY = {"sqlite": {"slow"}, "postgresql": {"slow", "locked"}}
_LEASE_SECONDS = 61


async def attempt(bot: BotHarness, updates: Updates) -> bool:
    """Process updates once and run what is due; return whether that succeeded."""
    try:
        await bot.processes(updates)
        await bot.run_due()
    except Exception:  # noqa: BLE001  (the bot itself retries on any error)
        return False
    return True


async def run_during_fault(scenario: Scenario, act: str, fault: DatabaseFault) -> tuple[bool, int]:
    """Run an act during a fault and again after it; return if it was refused, and the delays."""
    bot = scenario.bot
    updates = await ACTS[act](scenario)
    async with fault(bot) as delays:
        went_well = await attempt(bot, updates)
    async with asyncio.timeout(30):
        while not await attempt(bot, updates):  # noqa: ASYNC110  (a database sends no event when it recovers)
            await asyncio.sleep(0.05)
    # What was leased meanwhile is sent after its lease.
    await bot.advances(seconds=_LEASE_SECONDS)
    return not went_well, delays.count


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_database_fault_loses_anything(scenario: Scenario, engine: str, seed: int) -> None:
    rng, refused, delayed = seeded((engine, seed)), Counter[str](), Counter[str]()
    # What was sent but could not be marked is sent again.
    scenario.expected_warnings = ("was answered", "message is not modified")
    for name, fault in DATABASE_FAULTS[engine].items():
        for act in rng.sample(list(ACTS), ACTS_PER_FAULT):
            was_refused, was_delayed = await run_during_fault(scenario, act, fault)
            refused[name] += was_refused
            delayed[name] += was_delayed
        # While the database was away, messages may have been sent but not marked.
        found = await broken_invariants(
            scenario.bot,
            *scenario.people[-ACTS_PER_FAULT:],
            scenario.dora,
            repeats=refused.total(),
        )
        assert found == [], name
    print(f"{engine}: {dict(refused)} refused, {dict(delayed)} delayed")  # noqa: T201  (shown by pytest on request)

    assert all(
        (delayed if name in DELAY_ONLY[engine] else refused)[name]
        for name in DATABASE_FAULTS[engine]
    )
