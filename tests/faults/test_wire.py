"""Telegram refuses, is silent or cuts at each act: nothing is lost, and repeats are limited."""

import pytest

from simulator.faults import METHOD_RUNS, FaultKind
from tests.faults.invariants import broken_invariants
from tests.faults.scenario import ACTS, ACTS_PER_FAULT, SEEDS, Scenario
from tests.kit.sampling import PROFILE, seeded

# How a call fails, and the retry_after in seconds, if any.
FAULTS = {
    "refused": (FaultKind.SERVER_ERROR, None),
    "storm of 429": (FaultKind.FLOOD, 3),
    "429 without a word": (FaultKind.FLOOD, None),
    "page of html": (FaultKind.BAD_GATEWAY, None),
    "403 of a stranger": (FaultKind.FORBIDDING_GATEWAY, None),
    "empty answer": (FaultKind.EMPTY_ANSWER, None),
    "silence": (FaultKind.SILENCE, None),
    "silence after the work": (FaultKind.SILENCE_AFTER, None),
    "cut before the work": (FaultKind.CUT_BEFORE, None),
    "cut after the work": (FaultKind.CUT_AFTER, None),
    "broken json": (FaultKind.BROKEN_JSON, None),
}
# How Telegram refuses a repeated call whose first answer was lost.
EXPECTED_WARNINGS = (
    "was answered",
    "message is not modified",
    "query is too old",
    "message to delete not found",
)


async def run_with_faults(scenario: Scenario, act: str, fault: str, calls: int) -> int:
    """Run an act with failing calls, and again without faults; return how many calls failed."""
    bot, (kind, wait) = scenario.bot, FAULTS[fault]
    updates = await ACTS[act](scenario)
    bot.simulator.faults.add(kind, times=calls, retry_after=wait)
    await bot.processes(updates)
    for _ in range(calls):
        await bot.advances(seconds=4)
    unmet = sum(entry.times or 0 for entry in bot.simulator.faults.waiting)
    bot.simulator.faults.clear()
    # Longer than any wait after a fault.
    await bot.advances(seconds=60)
    return calls - unmet


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_failing_call_loses_anything(scenario: Scenario, engine: str, seed: int) -> None:
    scenario.expected_warnings = EXPECTED_WARNINGS
    rng, repeats = seeded(seed), 0
    # Telegram faults concern no database: in the fast profile each engine gets every second one.
    faults = list(FAULTS) if PROFILE.full else list(FAULTS)[engine == "sqlite" :: 2]
    for fault in faults:
        for act in rng.sample(list(ACTS), ACTS_PER_FAULT):
            calls = rng.randint(1, 3)
            assert await run_with_faults(scenario, act, fault, calls), (fault, act)
            repeats += calls if FAULTS[fault][0] in METHOD_RUNS else 0
        assert (
            await broken_invariants(
                scenario.bot, *scenario.people[-ACTS_PER_FAULT:], scenario.dora, repeats=repeats
            )
            == []
        ), fault
