"""A forked program starts and ends like one in a fresh interpreter."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from tests.kit.bot_process import kill_process, run_bot, run_module, start_bot
from tests.kit.fork_server import plain_environment
from tests.kit.waiting import until

PROGRAM = ("tests.kit.environment_report", "3", "--and=more")


def test_a_fork_starts_and_ends_like_a_fresh_interpreter(tmp_path: Path) -> None:
    env = plain_environment() | {"TMPDIR": str(tmp_path), "TZ": "Asia/Tokyo", "PTB_TIMEDELTA": "1"}
    forked, fresh = (run_module(tmp_path, env, *PROGRAM, fresh=fresh) for fresh in (False, True))

    assert (forked.returncode, fresh.returncode) == (3, 3)
    assert json.loads(forked.stdout) == json.loads(fresh.stdout)
    assert forked.stderr == fresh.stderr
    assert "a last word" in forked.stderr
    assert "ResourceWarning: unclosed file" in forked.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
async def test_the_exit_status_names_the_signal(tmp_path: Path, number: signal.Signals) -> None:
    env = plain_environment() | {"DATABASE_URL": "sqlite:///bot.db"}
    with (tmp_path / "output").open("ab") as output:
        process = await start_bot(tmp_path, env, "demo", out=output.fileno(), err=output.fileno())
    try:
        await until(lambda: (tmp_path / "output").stat().st_size)
        os.kill(process.pid, number)
        assert await asyncio.wait_for(process.wait(), 10) == -number
    finally:
        await kill_process(process)
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_different_startup_variables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="need a fresh interpreter"):
        run_bot(tmp_path, plain_environment() | {"PYTHONWARNINGS": "ignore"}, "--version")
