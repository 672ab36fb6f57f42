"""The bot with many people and faults for a long time (``make soak``) or a few seconds."""

import os
from pathlib import Path

import pytest

from tests.kit.sampling import PROFILE
from tests.soak.soak import Script, Soak

MINUTES = float(os.environ.get("SOAK", "20"))
SCRIPT = (
    Script(MINUTES, people=200, rate=12, kills=max(1, int(MINUTES / 4)), trouble_every=2)
    if PROFILE.full
    else Script(0.1, people=15, rate=10, kills=1, trouble_every=0.6, hold_seconds=3, fresh=False)
)


@pytest.mark.engines("sqlite")
async def test_many_people_and_faults_lose_nothing_and_leak_nothing(
    database_url: str, tmp_path: Path
) -> None:
    outcome = await Soak(database_url, tmp_path, SCRIPT).run()
    print(f"\n{outcome}")  # noqa: T201  (shown by pytest on request or failure)

    assert outcome.violations == []
