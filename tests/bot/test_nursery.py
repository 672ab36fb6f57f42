"""A program that is forked finds what one finds that an interpreter was started for, and its end looks the same from outside."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests.bot.harness import until
from tests.bot.nursery import nursery, plain_environment
from tests.bot.processes import killed, runs, started

PROGRAM = ("tests.bot.surroundings", "3", "--and=more")


def test_a_fork_finds_what_a_fresh_interpreter_finds_and_ends_as_it_does(tmp_path: Path) -> None:
    env = plain_environment() | {"TMPDIR": str(tmp_path), "TZ": "Asia/Tokyo", "PTB_TIMEDELTA": "1"}
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        status = nursery().starts(tmp_path, env, PROGRAM, out.fileno(), err.fileno()).ends_within(30)
        out.seek(0)
        err.seek(0)
        found, said = json.load(out), err.read()
    fresh = subprocess.run(
        [sys.executable, "-m", *PROGRAM], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )

    assert (status, fresh.returncode) == (3, 3)
    assert found == json.loads(fresh.stdout)
    assert said == fresh.stderr
    assert "a last word" in said
    assert "ResourceWarning: unclosed file" in said


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
async def test_who_ends_by_a_signal_tells_which(tmp_path: Path, number: signal.Signals) -> None:
    env = plain_environment() | {"DATABASE_URL": "sqlite:///bot.db"}
    with (tmp_path / "said").open("ab") as said:
        process = await started(tmp_path, env, "demo", out=said.fileno(), err=said.fileno())
    try:
        await until(lambda: (tmp_path / "said").stat().st_size)
        os.kill(process.pid, number)
        assert await asyncio.wait_for(process.wait(), 10) == -number
    finally:
        await killed(process)
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_an_environment_that_an_interpreter_reads_at_its_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has to be a real one"):
        runs(tmp_path, plain_environment() | {"PYTHONWARNINGS": "ignore"}, "--version")
