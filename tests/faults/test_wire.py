"""Telegram refuses, is silent, breaks off or answers nonsense at each moment: nothing is lost, and what may have arrived comes once more at most."""

import pytest

from simulator.faults import WORK_IS_DONE, FaultKind
from tests.faults.aftermath import aftermath
from tests.faults.scene import ACTS, Scene
from tests.faults.seeds import SEEDS, chance

# How a call may end badly, and after how many seconds Telegram wants to hear of us again, where it says so.
FATES = {
    "refused": (FaultKind.SERVER_ERROR, None),
    "storm of 429": (FaultKind.FLOOD, 3),
    "429 without a word": (FaultKind.FLOOD, None),
    "page of html": (FaultKind.BAD_GATEWAY, None),
    "silence": (FaultKind.SILENCE, None),
    "silence after the work": (FaultKind.SILENCE_AFTER, None),
    "cut before the work": (FaultKind.CUT_BEFORE, None),
    "cut after the work": (FaultKind.CUT_AFTER, None),
    "broken json": (FaultKind.BROKEN_JSON, None),
}


async def meets(scene: Scene, act: str, fate: str, calls: int) -> None:
    """Have so many calls of an act end so, and all that is left be done once they go well again."""
    town, (kind, wait) = scene.town, FATES[fate]
    updates = await ACTS[act](scene)
    town.simulator.faults.add(kind, times=calls, retry_after=wait)
    await town.works(updates)
    for _ in range(calls):
        await town.passes(seconds=4)
    town.simulator.faults.clear()
    # The longest wait that doubled meanwhile.
    await town.passes(seconds=2**calls)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fate", FATES)
async def test_no_fate_of_a_call_at_any_moment_loses_anything(scene: Scene, fate: str, seed: int) -> None:
    lots, repeats = chance((fate, seed)), 0
    for act in lots.sample(list(ACTS), len(ACTS)):
        calls = lots.randint(1, 3)
        await meets(scene, act, fate, calls)
        repeats += calls if FATES[fate][0] in WORK_IS_DONE else 0

    assert await aftermath(scene.town, *scene.people, scene.dora, repeats=repeats) == []
