"""Incidents are reported to the admins: soon, once, in their language, and never as a flood."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from bot.messages.actions import Send
from bot.messages.screen import Screen
from bot.notifications.admin_summary import AdminSummary
from bot.updates.failures import MAX_ATTEMPTS, UpdateFailed
from domain.operations.incident import IncidentKind
from domain.person import Contact
from storage.database import Database
from tests.kit.bot import ADMIN_ID, MONDAY, BotHarness, running
from tests.kit.chat import ChatUser
from tests.kit.handlers import on_text, outbox, raising, replying
from tests.kit.raw_database import all_rows, rows, run_sql

HEAD = "Something went wrong with the bot"
AN_HOUR = timedelta(hours=1)


@pytest.fixture
async def ada(bot: BotHarness) -> ChatUser:
    """An admin who has written to the bot."""
    ada = bot.person_named("Ada", id=ADMIN_ID)
    await ada.sends("/start")
    return ada


@pytest.fixture(autouse=True)
def booming(request: pytest.FixtureRequest) -> None:
    """Let every message that begins with "boom" fail."""
    for name in ("bot", "impatient_bot"):
        if name in request.fixturenames:
            on_text(
                request.getfixturevalue(name),
                "boom",
                raising(KeyError("Alice lives in Elm Street")),
            )


async def fails(bot: BotHarness, who: ChatUser, times: int = 1) -> None:
    """Let a person write messages that fail until each is set aside."""
    for number in range(times):
        who.person.sends(f"boom {number}")
    for update in bot.simulator.take_updates():
        for _ in range(MAX_ATTEMPTS - 1):
            with pytest.raises(UpdateFailed):
                await bot.processes([update])
        await bot.processes([update])


def summaries(admin: ChatUser) -> list[str]:
    return [
        message.text
        for message in admin.shown
        if HEAD in message.text or "Beim Bot ist etwas" in message.text
    ]


async def test_an_update_set_aside_is_reported_with_the_next_sweep(
    bot: BotHarness, ada: ChatUser, alice: ChatUser
) -> None:
    await fails(bot, alice)
    assert summaries(ada) == []
    await bot.run_due()

    [summary] = summaries(ada)
    assert "1 message or tap couldn't be processed and was skipped: KeyError\n" in summary
    assert "What to do: run python -m bot doctor" in summary
    assert "Alice" not in summary
    assert "Elm Street" not in summary


async def test_many_failures_are_two_messages_an_hour_apart(
    bot: BotHarness, ada: ChatUser, alice: ChatUser
) -> None:
    await fails(bot, alice)
    await bot.run_due()
    for _ in range(3):
        await fails(bot, alice, 4)
        await bot.advances(minutes=15)
    assert len(summaries(ada)) == 1

    await bot.advances(minutes=14, seconds=59)
    assert len(summaries(ada)) == 1
    await bot.advances(seconds=1)
    assert len(summaries(ada)) == 2
    assert (
        "12 messages or taps couldn't be processed and were skipped. "
        "Last error: KeyError" in summaries(ada)[1]
    )

    await bot.advances(hours=5)
    assert len(summaries(ada)) == 2


async def test_incidents_before_a_restart_are_reported_after_it_and_once(
    bot: BotHarness, ada: ChatUser, alice: ChatUser
) -> None:
    await fails(bot, alice, 3)
    await bot.crashes()
    await bot.recovers()
    assert [summary.count("3 messages") for summary in summaries(ada)] == [1]

    await fails(bot, alice)
    await bot.restarts()
    await bot.advances(minutes=59)
    assert len(summaries(ada)) == 1
    await bot.advances(minutes=1)
    assert len(summaries(ada)) == 2


async def test_a_crash_before_the_summary_is_sent_repeats_nothing(
    bot: BotHarness, ada: ChatUser, alice: ChatUser
) -> None:
    await fails(bot, alice)
    await bot.app.jobs.admin_summary.report()
    await bot.crashes()
    await bot.recovers()

    assert len(summaries(ada)) == 1
    assert outbox(bot, "kind, state") == [("digest", "sent")]


async def test_each_admin_is_notified_in_their_language_and_unreachable_ones_are_not(
    database_url: str,
) -> None:
    async with running(BotHarness(database_url, admin_ids=f"{ADMIN_ID},901,902,903")) as bot:
        on_text(bot, "boom", raising(KeyError("x")))
        ada = bot.person_named("Ada", id=ADMIN_ID)
        emil = bot.joins("Emil", id=901, language_code="de")
        gone = bot.joins("Gone", id=902)
        for admin in (ada, emil, gone):
            await admin.sends("/start")
        gone.person.blocks()
        await bot.settles()
        await fails(bot, bot.joins("Alice"))
        await bot.run_due()

    assert len(summaries(ada)) == 1
    assert "1 Eingabe konnte nicht verarbeitet werden" in summaries(emil)[0]
    assert rows(database_url, "SELECT chat_id FROM outbox WHERE kind = 'digest' ORDER BY 1") == [
        (ADMIN_ID,),
        (901,),
    ]


async def test_an_admin_who_first_writes_later_is_notified_then(
    bot: BotHarness, alice: ChatUser
) -> None:
    await fails(bot, alice, 2)
    await bot.advances(hours=3)
    assert outbox(bot, "kind") == []

    ada = bot.person_named("Ada", id=ADMIN_ID)
    await ada.sends("/start")
    await bot.run_due()
    assert "2 messages" in summaries(ada)[0]


async def test_without_admins_incidents_are_counted_and_not_reported(database_url: str) -> None:
    bot = BotHarness(database_url, admin_ids="")
    await bot.starts()
    on_text(bot, "boom", raising(KeyError("x")))
    await fails(bot, bot.joins("Alice"), 30)
    await bot.advances(hours=2)

    assert rows(database_url, "SELECT kind, count FROM incident") == [("update_set_aside", 30)]
    assert outbox(bot, "kind") == []
    await bot.ends()


@pytest.mark.refuses("message text is empty")
async def test_undeliverable_messages_are_counted_by_reason(impatient_bot: BotHarness) -> None:
    bot = impatient_bot
    ada, alice = bot.joins("Ada", id=ADMIN_ID), bot.joins("Alice")
    await ada.sends("/start")
    on_text(bot, "empty", replying(Send(Screen(""))))
    await alice.sends("empty")
    await bot.run_due()
    async with bot.app.database.transaction() as uow:
        await uow.outbox.reply(
            alice.id, await alice.number(), {"steps": [{"step": "dance"}]}, bot.now - AN_HOUR
        )
    for _ in range(3):
        await bot.advances(minutes=20)

    reported = "\n".join(summaries(ada))
    assert "1 message was refused by Telegram and skipped: " in reported
    assert "1 message couldn't be put together and was skipped: ValidationError" in reported


@pytest.mark.refuses("message text is empty")
@pytest.mark.parametrize("failure", ["refused", "broken"])
async def test_an_undeliverable_summary_is_not_an_incident(
    impatient_bot: BotHarness, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    bot = impatient_bot
    ada, alice = bot.joins("Ada", id=ADMIN_ID), bot.joins("Alice")
    await ada.sends("/start")
    await fails(bot, alice)
    await bot.app.jobs.admin_summary.report()
    if failure == "refused":
        monkeypatch.setattr(
            "bot.notifications.for_admins.summary_screen", lambda _reader, _incidents: Screen("")
        )
    else:
        run_sql(bot.app.database.url, "UPDATE outbox SET payload = '{}' WHERE kind = 'digest'")
    for _ in range(10):
        await bot.advances(hours=1)

    assert outbox(bot, "kind, state") == [("digest", "parked")]
    assert rows(bot.app.database.url, "SELECT * FROM incident") == []
    assert summaries(ada) == []


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[tuple[Database, list[AdminSummary]]]:
    """Two replicas on one database that has an admin and an incident."""
    database = Database(database_url)
    async with database.transaction() as uow:
        await uow.people.record_contact(Contact(ADMIN_ID, "Ada"), MONDAY)
        await uow.incidents.note(IncidentKind.JOB_FAILED, "KeyError", MONDAY)
    yield (
        database,
        [AdminSummary(database, frozenset({ADMIN_ID}), lambda: MONDAY) for _ in range(2)],
    )
    await database.close()


async def test_two_replicas_that_report_at_once_report_once(
    replicas: tuple[Database, list[AdminSummary]],
) -> None:
    database, both = replicas
    await asyncio.gather(*(each.report() for each in both * 5))

    assert rows(database.url, "SELECT kind, chat_id FROM outbox") == [("digest", ADMIN_ID)]
    assert all_rows(database.url)["incident"] == []


@pytest.mark.changes_schema
async def test_a_failed_job_and_an_unavailable_database_are_reported(
    bot: BotHarness, ada: ChatUser
) -> None:
    async def fails_once() -> None:
        raise ArithmeticError

    await bot.app.jobs.attempt(fails_once)
    await bot.run_due()
    assert "1 scheduled job failed and will be retried: ArithmeticError" in summaries(ada)[0]

    async def finds_no_database() -> None:
        raise OperationalError("SELECT 1", {}, Exception("locked"))

    run_sql(bot.app.database.url, "ALTER TABLE incident RENAME TO away")
    await bot.app.jobs.attempt(finds_no_database)
    run_sql(bot.app.database.url, "ALTER TABLE away RENAME TO incident")
    await bot.advances(hours=1)
    assert "The database was unavailable and is back: OperationalError" in summaries(ada)[1]


async def test_every_kind_of_incident_has_a_text(bot: BotHarness, ada: ChatUser) -> None:
    async with bot.app.database.transaction() as uow:
        for kind in IncidentKind:
            await uow.incidents.note(kind, "<Error>", bot.now)
    await bot.run_due()

    [summary] = summaries(ada)
    assert summary.count("•") == len(IncidentKind)
    assert summary.count("<Error>") == len(IncidentKind)


async def test_unreported_incidents_are_deleted_after_a_month(
    bot: BotHarness, alice: ChatUser
) -> None:
    await fails(bot, alice)
    bot.now += timedelta(days=31)
    await bot.app.jobs.tidy()

    assert rows(bot.app.database.url, "SELECT * FROM incident") == []
