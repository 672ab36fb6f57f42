"""Updates that are repeated, late or out of order, and a clock that is set while people book."""

from datetime import timedelta

import pytest

from tests.faults.invariants import aftermath
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
async def test_updates_that_come_twice_late_or_in_another_order_do_nothing_twice(
    scenario: Scenario, seed: int
) -> None:
    bot, lots = scenario.bot, seeded(seed)
    updates = [
        update
        for act in ("hold", "confirm", "release", "cancel", "publish")
        for update in await ACTS[act](scenario)
    ]
    shuffled = lots.sample(updates * 2, 2 * len(updates))
    await bot.processes(shuffled)
    await bot.advances(minutes=lots.randint(0, 29))
    # Updates are repeated a day later.
    await bot.processes(lots.sample(updates, len(updates)))
    await bot.advances(days=1)
    await bot.processes(updates)

    assert await aftermath(bot, *scenario.people, scenario.dora) == []


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_clock_that_is_set_to_and_fro_loses_nothing(scenario: Scenario, seed: int) -> None:
    bot, lots = scenario.bot, seeded(seed)
    # By the host's clock an hour may have passed between a tap and its answer.
    scenario.meant = ("query is too old",)
    for act in lots.sample(list(ACTS), len(ACTS)):
        updates = await ACTS[act](scenario)
        request, _, size = lots.choice(STEPS).partition("=")
        bot.now += timedelta(**{request: int(size)})
        await bot.processes(updates)
        await bot.settles()
        # The clock is corrected.
        bot.now -= timedelta(**{request: int(size)})
        await bot.settles()
    # Everything dated ahead is due now.
    await bot.advances(days=1, hours=1)

    assert await aftermath(bot, *scenario.people, scenario.dora) == []
