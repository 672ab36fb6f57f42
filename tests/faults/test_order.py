"""Updates that are repeated, late or out of order, and a clock that is set while people book."""

from datetime import timedelta

import pytest

from tests.faults.invariants import broken_invariants
from tests.faults.scenario import ACTS, SEEDS, Scenario
from tests.kit.sampling import seeded

STEPS = (
    "hours=1",
    "hours=-1",
    "days=1",
    "days=-1",
    "minutes=29",
    "minutes=-29",
    "seconds=1",
    "seconds=-1",
)


@pytest.mark.parametrize("seed", SEEDS)
async def test_repeated_late_and_reordered_updates_take_effect_once(
    scenario: Scenario, seed: int
) -> None:
    bot, rng = scenario.bot, seeded(seed)
    updates = [
        update
        for act in ("hold", "confirm", "release", "cancel", "publish")
        for update in await ACTS[act](scenario)
    ]
    shuffled = rng.sample(updates * 2, 2 * len(updates))
    await bot.processes(shuffled)
    await bot.advances(minutes=rng.randint(0, 29))
    # Updates are repeated a day later.
    await bot.processes(rng.sample(updates, len(updates)))
    await bot.advances(days=1)
    await bot.processes(updates)

    assert await broken_invariants(bot, *scenario.people, scenario.dora) == []


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_clock_that_is_set_back_and_forth_loses_nothing(
    scenario: Scenario, seed: int
) -> None:
    bot, rng = scenario.bot, seeded(seed)
    # By the host's clock an hour may have passed between a tap and its answer.
    scenario.expected_warnings = ("query is too old",)
    for act in rng.sample(list(ACTS), len(ACTS)):
        updates = await ACTS[act](scenario)
        unit, _, size = rng.choice(STEPS).partition("=")
        bot.now += timedelta(**{unit: int(size)})
        await bot.processes(updates)
        await bot.settles()
        # The clock is corrected.
        bot.now -= timedelta(**{unit: int(size)})
        await bot.settles()
    # Everything dated ahead is due now.
    await bot.advances(days=1, hours=1)

    assert await broken_invariants(bot, *scenario.people, scenario.dora) == []
