"""The first admin opens a link from the terminal or from the command line."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cli import first_admin
from bot.cli.first_admin import admin_link, offer_first_admin
from simulator.simulator import Simulator
from tests.kit.bot import ADMIN_ID, BotHarness
from tests.kit.bot_process import TOKEN, bot_process, environment, run_bot
from tests.kit.chat import ChatUser
from tests.kit.raw_database import rows
from tests.kit.waiting import until

LINK = re.compile(r"https://t\.me/\w+\?start=(join_[\w-]{22})")


@pytest.fixture
async def lonely(database_url: str) -> AsyncIterator[BotHarness]:
    """A bot without an admin."""
    bot = BotHarness(database_url, admin_ids="")
    await bot.starts()
    yield bot
    await bot.ends()


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that the test runs at a terminal that only one person sees."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr(first_admin, "CONTAINER_MARKS", ())


async def opens(person: ChatUser, link: str) -> None:
    """Open a link."""
    found = LINK.search(link)
    assert found
    await person.sends(f"/start {found[1]}")


async def test_the_start_prints_a_link_that_makes_its_opener_an_admin(
    lonely: BotHarness, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_a_terminal(monkeypatch)
    await offer_first_admin(lonely.app, lonely.settings)
    printed = capsys.readouterr().out
    ada, bob = lonely.joins("Ada"), lonely.joins("Bob")
    await ada.sends("/invite")
    ada.last.shows("Only an admin")

    await opens(ada, printed)
    ada.last.shows("You're an admin now")
    await ada.taps("Invite someone")
    ada.last.shows("Whom do you want to add?")
    await opens(bob, printed)
    bob.last.shows("already been used")

    await offer_first_admin(lonely.app, lonely.settings)
    assert capsys.readouterr().out == ""


async def test_a_newer_link_replaces_an_unused_one(lonely: BotHarness) -> None:
    username = lonely.app.application.bot.username
    links = [await admin_link(lonely.app.database, username) for _ in range(2)]
    ada = lonely.joins("Ada")
    await opens(ada, links[0])
    ada.last.shows("doesn't work")
    await opens(ada, links[1])
    ada.last.shows("You're an admin now")


async def test_an_admin_link_works_for_a_day(
    lonely: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_admin, "system_clock", lambda: lonely.now)
    link = await admin_link(lonely.app.database, lonely.app.application.bot.username)
    lonely.now += timedelta(days=1)
    ada = lonely.joins("Ada")
    await opens(ada, link)
    ada.last.shows("has expired")


async def test_no_link_is_printed_with_admins_in_the_settings(
    bot: BotHarness, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_a_terminal(monkeypatch)
    assert bot.settings.admin_ids == {ADMIN_ID}
    await offer_first_admin(bot.app, bot.settings)
    assert capsys.readouterr().out == ""
    assert rows(bot.app.database.url, "SELECT * FROM invitation") == []


@pytest.mark.parametrize("missing", ["stdin", "stdout", "privacy"])
async def test_only_a_private_terminal_shows_the_link(
    lonely: BotHarness,
    missing: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    at_a_terminal(monkeypatch)
    if missing == "privacy":
        monkeypatch.setattr(first_admin, "CONTAINER_MARKS", (tmp_path,))
    else:
        monkeypatch.setattr(f"sys.{missing}.isatty", lambda: False)

    await offer_first_admin(lonely.app, lonely.settings)

    assert capsys.readouterr().out == ""
    assert "python -m bot admin" in caplog.text
    assert rows(lonely.app.database.url, "SELECT * FROM invitation") == []


@pytest.mark.engines("sqlite")
async def test_the_command_prints_a_link_while_the_bot_runs(tmp_path: Path) -> None:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    env = environment(tmp_path, telegram.url)
    try:
        async with bot_process(tmp_path, env):
            await until(lambda: any(c.method == "getUpdates" for c in telegram.transcript.calls))
            done = await asyncio.to_thread(run_bot, tmp_path, env, "admin")
            assert (done.returncode, done.stderr) == (0, "")
            found = LINK.search(done.stdout)
            assert found
            ada = telegram.person("Ada")
            ada.sends(f"/start {found[1]}")
            await until(lambda: any("admin now" in m.text for m in ada.chat.messages))
        digests = rows(env["DATABASE_URL"], "SELECT digest, kind FROM invitation")
        assert len(digests) == 1
        assert found[1].removeprefix("join_") not in str(digests)
    finally:
        await telegram.stop()


@pytest.mark.engines("sqlite")
async def test_the_command_says_why_there_is_no_link(tmp_path: Path) -> None:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    try:
        env = environment(tmp_path, telegram.url)
        for change, status, reason in (
            ({"BOT_TOKEN": ""}, 2, "BOT_TOKEN"),
            ({"BOT_TOKEN": "2:other"}, 2, "Telegram rejects BOT_TOKEN"),
            ({"TELEGRAM_API_URL": "http://127.0.0.1:1"}, 1, "Telegram does not answer"),
        ):
            done = await asyncio.to_thread(run_bot, tmp_path, env | change, "admin")
            assert done.returncode == status
            assert reason in done.stderr
            assert done.stdout == ""
    finally:
        await telegram.stop()
