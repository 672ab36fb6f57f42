"""Short runs of the whole bot, and those that once failed."""

import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from simulation.plan import Plan
from simulation.play import players
from simulation.report import command_for
from tests.kit.sampling import PROFILE, SEED, seeded

ROOT = Path(__file__).parents[2]
SEEDS = Path(__file__).with_name("seeds")
RUNS = PROFILE.pick(fast=24, full=200)
MINUTES = PROFILE.pick(fast=1.5, full=30.0)
FORKS = PROFILE.pick(fast=6, full=200)


@pytest.mark.parametrize("file", sorted(SEEDS.glob("*.txt")), ids=lambda file: file.stem)
def test_a_run_that_once_failed_finds_nothing(file: Path) -> None:
    """The first line of a file is the command, the rest says what was wrong."""
    _, *arguments = shlex.split(file.read_text().splitlines()[0])
    run = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


def test_the_bot_survives_random_people_and_faults() -> None:
    first = seeded(SEED).randrange(1_000_000)
    plans = [Plan(seed, MINUTES) for seed in range(first, first + RUNS)]
    with players(2) as playing:
        outcomes = list(playing.outcomes(plans))

    failed = [(command_for(each.plan), each.findings[:3]) for each in outcomes if each.findings]
    assert failed == []
    assert len(outcomes) == len(plans)
    assert all(each.acts and each.updates and each.calls for each in outcomes)
    assert sum(each.kills for each in outcomes) > 0


def test_forks_find_nothing_and_leave_the_run_as_it_is() -> None:
    plan = Plan(5, 0.5)
    with players(2) as playing:
        outcomes = list(playing.outcomes([plan, replace(plan, forks=FORKS)]))
    alone, forked = sorted(outcomes, key=lambda each: each.forks)

    assert (alone.forks, forked.forks) == (0, FORKS)
    assert alone.findings == forked.findings == []
    assert alone.hashes == forked.hashes


def test_the_same_seed_gives_the_same_run_in_another_process() -> None:
    """Strings are hashed differently in each, so sets have another order."""
    outputs = [
        subprocess.run(
            [sys.executable, "-m", "bot", "simulate", "--seed", "3", "--minutes", "1"],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    hashes = [output.splitlines()[-1] for output in outputs]

    assert hashes[0].startswith("Hashes of steps, transcript and database: ")
    assert hashes[0] == hashes[1]
