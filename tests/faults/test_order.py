"""Updates that come twice, late or in another order, and a clock that is set while people book."""

from datetime import timedelta

import pytest

from tests.faults.invariants import aftermath
from tests.faults.sampling import SEEDS, chance
from tests.faults.scenario import ACTS, Scene

STEPS = ("hours=1", "hours=-1", "days=1", "days=-1", "minutes=29", "minutes=-29", "seconds=1", "seconds=-1")


@pytest.mark.parametrize("seed", SEEDS)
async def test_updates_that_come_twice_late_or_in_another_order_do_nothing_twice(scene: Scene, seed: int) -> None:
    town, lots = scene.town, chance(seed)
    updates = [update for act in ("hold", "confirm", "release", "cancel", "publish") for update in await ACTS[act](scene)]
    shuffled = lots.sample(updates * 2, 2 * len(updates))
    await town.works(shuffled)
    await town.passes(minutes=lots.randint(0, 29))
    # What comes a day later is old news.
    await town.works(lots.sample(updates, len(updates)))
    await town.passes(days=1)
    await town.works(updates)

    assert await aftermath(town, *scene.people, scene.dora) == []


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_clock_that_is_set_to_and_fro_loses_nothing(scene: Scene, seed: int) -> None:
    town, lots = scene.town, chance(seed)
    # By the host's clock an hour may have passed between a tap and its answer.
    scene.meant = ("query is too old",)
    for act in lots.sample(list(ACTS), len(ACTS)):
        updates = await ACTS[act](scene)
        unit, _, size = lots.choice(STEPS).partition("=")
        town.now += timedelta(**{unit: int(size)})
        await town.works(updates)
        await town.settles()
        # Whoever set the clock wrong sets it right.
        town.now -= timedelta(**{unit: int(size)})
        await town.settles()
    # Whatever was dated ahead has come.
    await town.passes(days=1, hours=1)

    assert await aftermath(town, *scene.people, scene.dora) == []
