"""Three replicas on one PostgreSQL are killed in turn while people book."""

from pathlib import Path

import pytest

from tests.faults.replica_kills import REPLICAS, ReplicaRun, Script
from tests.kit.cluster import free_ports
from tests.kit.sampling import PROFILE

SCRIPTS = {
    "webhook": PROFILE.pick(
        fast=Script(30, 12, 0.6, "webhook"), full=Script(200, 60, 1.0, "webhook")
    ),
    "polling": PROFILE.pick(
        fast=Script(30, 5, 0.8, "polling"), full=Script(200, 15, 3.0, "polling")
    ),
}


@pytest.mark.engines("postgresql")
@pytest.mark.parametrize("mode", SCRIPTS)
async def test_replicas_killed_repeatedly_lose_nothing(
    database_url: str, tmp_path: Path, mode: str
) -> None:
    run = ReplicaRun(database_url, tmp_path, SCRIPTS[mode])
    outcome = await run.run(free_ports(1 + REPLICAS))
    print(f"\n{mode}\n{outcome}")  # noqa: T201  (shown by pytest on request or failure)

    assert outcome.violations == []
