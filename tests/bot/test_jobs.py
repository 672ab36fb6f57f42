"""What falls due is done on time, however much else there is to do."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from bot.replies import Send, packed
from bot.screen import Screen
from simulator.faults import Fault, Faults
from tests.bot.harness import MONDAY, Chatter, Town, until
from tests.bot.practice import holds, opens_practice
from tests.bot.probes import calls
from tests.storage.venue import changes, literal, rows

BACKLOG = 1500
PEOPLE = 100


class CountingWire(Faults):
    """Lets a fifth of a second pass with each message, and stops the heartbeat's clock after some."""

    def __init__(self, town: Town) -> None:
        super().__init__()
        self._town = town
        self._heartbeat = Path(f"{town.house.database.url.removeprefix('sqlite:///')}.heartbeat")
        self.messages = 0
        self.revived_after: int | None = None

    def take(self, method: str, person: int | None) -> Fault | None:
        """Count a message."""
        if method.lower() == "sendmessage":
            self.messages += 1
            self._town.now += timedelta(seconds=0.2)
            if self.messages == BACKLOG // 5:
                os.utime(self._heartbeat, (0, 0))
            elif self.messages > BACKLOG // 5 and self.revived_after is None and self._heartbeat.stat().st_mtime > 0:
                self.revived_after = self.messages
        return super().take(method, person)


def fills_outbox(town: Town, people: list[Chatter]) -> None:
    """Put answers in that fall due faster than they can be told; those of a minute wait already."""
    text = json.dumps(packed([Send(Screen("old news"))]))
    oldest = town.now - timedelta(minutes=1)
    url = town.house.database.url
    due = (f"({people[n % PEOPLE].id}, {literal(url, oldest + timedelta(seconds=n * 0.15))})" for n in range(BACKLOG))
    changes(url, "UPDATE outbox SET state = 'skipped'")
    changes(
        url,
        f"WITH late (who, due) AS (VALUES {', '.join(due)}) INSERT INTO outbox (recipient_id, kind, payload, due_at, attempts, state) "
        f"SELECT who, 'reply', '{text}', due, 0, 'due' FROM late",
    )


@pytest.mark.engines("sqlite")
async def test_a_hold_runs_out_on_time_and_the_heart_beats_while_a_long_backlog_is_told(town: Town, alice: Chatter) -> None:
    await opens_practice(town)
    people = [town.joins(f"Person {number}") for number in range(PEOPLE)]
    for someone in people:
        someone.person.sends("/start")
    town.simulator.take_updates()
    await holds(alice, "09:15")
    town.now += timedelta(minutes=30) - timedelta(seconds=20)
    fills_outbox(town, people)
    wire = town.simulator.world.faults = CountingWire(town)
    await town.sweeps()

    sent = [call.params["text"] for call in calls(town, "sendMessage")]
    [told] = [number for number, text in enumerate(sent) if "expired" in text]
    assert sent.count("old news") == BACKLOG
    assert told < BACKLOG * 3 / 4
    assert wire.revived_after is not None
    assert wire.revived_after < BACKLOG


async def test_where_the_heartbeat_cannot_be_written_all_else_goes_on(
    town: Town, alice: Chatter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await opens_practice(town)
    await holds(alice, "09:15")
    town.house.jobs._heartbeat = tmp_path / "a folder that is gone" / "heartbeat"
    town.now += timedelta(minutes=30)
    await town.sweeps()

    assert "expired" in alice.last.text
    assert "the heartbeat cannot be written" in caplog.text
    assert town.house.jobs.alive


@pytest.fixture
def old_update(town: Town) -> str:
    """An update that was worked long ago, of which nobody will ask again."""
    url = town.house.database.url
    changes(url, f"INSERT INTO worked_update VALUES (1, {literal(url, MONDAY - timedelta(days=9))})")
    return "SELECT count(*) FROM worked_update"


async def test_it_tidies_up_at_the_start_because_it_may_not_run_at_night(town: Town, old_update: str) -> None:
    town.house.scheduler.start()
    try:
        await town.house.jobs.start(town.house.scheduler)
        await until(lambda: rows(town.house.database.url, old_update) == [(0,)])
    finally:
        town.house.scheduler.shutdown(wait=False)
        await town.house.jobs.stop()
