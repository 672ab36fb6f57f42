"""The bot among many people and troubles for a long time (``make soak``), or for a few seconds (``make test``)."""

import os
from pathlib import Path

import pytest

from tests.soak.soak import Script, Soak

MINUTES = float(os.environ.get("SOAK", "0"))
SCRIPT = (
    Script(MINUTES, people=200, rate=12, kills=max(1, int(MINUTES / 4)), trouble_every=2)
    if MINUTES
    else Script(0.2, people=40, rate=8, kills=1, trouble_every=0.8)
)


@pytest.mark.engines("sqlite")
async def test_a_bot_among_many_people_and_troubles_stays_as_it_is(database_url: str, tmp_path: Path) -> None:
    outcome = await Soak(database_url, tmp_path, SCRIPT).goes_on()
    print(f"\n{outcome}")  # noqa: T201  (pytest shows it where it is asked to, or where the test fails)

    assert outcome.wrong == []
