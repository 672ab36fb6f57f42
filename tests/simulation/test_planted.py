"""The checker is checked: planted bugs are found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.sampling import PROFILE, SEED, seeded
from tests.simulation.planted import PLANTS, Plant

COMMON = [plant for plant in PLANTS if not plant.rare]
SAMPLE = PROFILE.pick(fast=seeded(f"planted {SEED}").sample(COMMON, 1), full=list(PLANTS))
_SIMULATE = [sys.executable, "-m", "bot", "simulate"]
_SIMULATE += ["--count", "1", "--minutes", "30", "--jobs", "1"]
MOST_SEEDS = PROFILE.pick(fast=8, full=60)


@pytest.mark.parametrize("plant", SAMPLE, ids=lambda plant: plant.name)
def test_a_planted_bug_is_found(plant: Plant, tmp_path: Path) -> None:
    plant.in_copy(tmp_path)
    for seed in range(MOST_SEEDS):
        run = subprocess.run(
            [*_SIMULATE, "--first", str(seed), *plant.options],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode == 1:
            assert "the run failed" not in run.stdout
            print(f"{plant.name}: found by seed {seed}: {run.stdout.splitlines()[0]}")  # noqa: T201  (shown with -rP)
            return
        assert run.returncode == 0, run.stderr
    pytest.fail(f"{plant.name}: not found in {MOST_SEEDS} seeds")


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_the_code_of_each_planted_bug_is_there(plant: Plant) -> None:
    assert (Path(__file__).parents[2] / plant.file).read_text().count(plant.right) == 1
    assert plant.right != plant.wrong
