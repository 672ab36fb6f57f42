"""The bot is killed at each await of each act: uncommitted work repeats, committed work is sent."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.faults.invariants import broken_invariants
from tests.faults.scenario import ACTS, Scenario, Updates
from tests.kit.bot import TOKEN, BotHarness
from tests.kit.raw_database import rows
from tests.kit.sampling import PROFILE, seeded
from tests.kit.waiting import until
from tests.kit.worker import worker

CRASH = "tests.faults.crash_worker:crash"
# Each act has more awaits than this.
_MIN_AWAITS = 25
_FEW = 2
# The advisory locks by which PostgreSQL knows the live replicas.
_LIVE_REPLICAS = """SELECT count(*)
    FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database()
    AND classid = 5310209 AND objsubid = 2 AND granted"""


class CrashWorkers:
    """Bots that perform one act each beside the harness's own, and may be killed."""

    def __init__(self, bot: BotHarness, log: Path) -> None:
        self._bot = bot
        self._log = log
        self.kills = 0

    async def run(self, updates: Updates, at: int) -> int | None:
        """Perform an act, killed at await ``at``; return the awaits unless killed."""
        order = {
            "now": self._bot.now.isoformat(),
            "settings": self._settings(),
            "token": TOKEN,
            "updates": updates,
            "at": at,
        }
        with self._log.open("ab") as log, worker(CRASH, order, err=log.fileno()) as process:
            status = await asyncio.wait_for(process.wait_async(), 60)
            killed = status == -signal.SIGKILL
            assert killed or status == 0, status
            self.kills += killed
            return None if killed else int(process.line())

    def _settings(self) -> dict[str, Any]:
        return {
            "telegram_api_url": self._bot.simulator.url,
            "database_url": self._bot.app.database.url,
            "time_zone": "Europe/Berlin",
        }


async def crash_at(scenario: Scenario, workers: CrashWorkers, act: str, at: int) -> int | None:
    """Kill a worker at an await of an act, recover and check; return its awaits unless killed."""
    bot = scenario.bot
    updates = await ACTS[act](scenario)
    # The next process knows nothing of the killed one, as after any restart.
    await bot.crashes()
    awaits = await workers.run(updates, at)
    if bot.app.database.url.startswith("postgresql:"):
        await until(lambda: rows(bot.app.database.url, _LIVE_REPLICAS) == [(0,)])
    # Telegram does not know that they were processed.
    for update in updates:
        bot.simulator.redeliver(update["update_id"])
    await bot.recovers()
    assert (
        await broken_invariants(bot, *scenario.people[-1:], scenario.dora, repeats=workers.kills)
        == []
    ), (
        act,
        at,
        awaits,
    )
    return awaits


async def crash_at_each(scenario: Scenario, workers: CrashWorkers, act: str) -> int:
    """Kill an act at each await, or at a random one; return how many awaits were tried."""
    if not PROFILE.full:
        await crash_at(
            scenario,
            workers,
            act,
            seeded((act, scenario.bot.app.database.url[:6])).randint(1, _MIN_AWAITS),
        )
        return 1
    awaits = await crash_at(scenario, workers, act, 0) or 0
    for at in range(1, awaits + 1):
        await crash_at(scenario, workers, act, at)
    return awaits


@pytest.mark.parametrize("acts", [[act] for act in ACTS] if PROFILE.full else [[]], ids=" ".join)
async def test_a_kill_at_any_await_of_any_act_loses_nothing(
    scenario: Scenario, tmp_path: Path, acts: list[str]
) -> None:
    # Messages in flight at a kill are sent again.
    scenario.expected_warnings = ("message is not modified",)
    # A sample at random in the fast profile.
    acts = acts or seeded(scenario.bot.app.database.url[:6]).sample(list(ACTS), _FEW)
    workers = CrashWorkers(scenario.bot, tmp_path / "log")
    awaits = sum([await crash_at_each(scenario, workers, act) for act in acts])
    print(f"{' '.join(acts)}: {workers.kills} kills at {awaits} awaits")  # noqa: T201  (shown by pytest on request)

    assert len(scenario.bot.simulator.transcript.warnings) <= workers.kills
    # What waits for a timer or the disk varies by an await.
    assert workers.kills >= 0.8 * awaits
    assert (tmp_path / "log").read_text() == ""
