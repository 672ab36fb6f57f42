"""The database ails at each moment: what it refused is done once it is well, and what it took is neither lost nor done twice."""

import asyncio
from collections import Counter

import pytest

from tests.faults.database_faults import DATABASE_FAULTS, DatabaseFault
from tests.faults.invariants import aftermath
from tests.faults.scenario import ACTS, ACTS_PER_FAULT, SEEDS, Scenario, Updates
from tests.kit.bot import BotHarness
from tests.kit.sampling import seeded

# Of these the bot notices nothing but that it takes longer.
PATIENT = {"sqlite": {"slow"}, "postgresql": {"slow", "locked"}}
_LEASE_SECONDS = 61


async def attempted(bot: BotHarness, updates: Updates) -> bool:
    """Have updates worked once, and what is due done; tell whether that went well, whatever kept it from it."""
    try:
        await bot.processes(updates)
        await bot.run_due()
    except Exception:  # noqa: BLE001  (the bot itself takes any error for a reason to try again)
        return False
    return True


async def meets(scenario: Scenario, act: str, ailment: DatabaseFault) -> tuple[bool, int]:
    """Have an act meet what ails the database, and be done again once it is well; tell whether it was refused, and how often delayed."""
    bot = scenario.bot
    updates = await ACTS[act](scenario)
    async with ailment(bot) as traces:
        went_well = await attempted(bot, updates)
    async with asyncio.timeout(30):
        while not await attempted(bot, updates):  # noqa: ASYNC110  (a database rings no bell when it is well)
            await asyncio.sleep(0.05)
    # What was in hand meanwhile is told when its lease is over.
    await bot.advances(seconds=_LEASE_SECONDS)
    return not went_well, traces.times


@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_is_lost_whatever_ails_the_database(
    scenario: Scenario, engine: str, seed: int
) -> None:
    lots, refused, delayed = seeded((engine, seed)), Counter[str](), Counter[str]()
    # What was told and could not be noted is told once more.
    scenario.meant = ("was answered", "message is not modified")
    for name, ailment in DATABASE_FAULTS[engine].items():
        for act in lots.sample(list(ACTS), ACTS_PER_FAULT):
            was_refused, was_delayed = await meets(scenario, act, ailment)
            refused[name] += was_refused
            delayed[name] += was_delayed
        # While the database was away Telegram may have been told what could not be noted.
        found = await aftermath(
            scenario.bot,
            *scenario.people[-ACTS_PER_FAULT:],
            scenario.dora,
            repeats=refused.total(),
        )
        assert found == [], name
    print(f"{engine}: {dict(refused)} refused, {dict(delayed)} delayed")  # noqa: T201  (pytest shows it where it is asked to)

    assert all(
        (delayed if name in PATIENT[engine] else refused)[name] for name in DATABASE_FAULTS[engine]
    )
