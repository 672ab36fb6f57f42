"""What went wrong reaches the admins: soon, once, in their language, and never as a flood."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from bot.messages.actions import Send
from bot.messages.screen import Screen
from bot.notifications.admin_summary import AdminSummary
from bot.updates.processor import TRIES, WorkFailed
from domain.client import Contact
from domain.operations.incident import Trouble
from storage.database import Database
from tests.kit.bot import ADMIN_ID, MONDAY, BotHarness
from tests.kit.chat import ChatUser
from tests.kit.handlers import answering, failing, on_text, outbox
from tests.kit.raw_database import changes, everything, rows

HEAD = "Something went wrong on the bot's side"
AN_HOUR = timedelta(hours=1)


@pytest.fixture
async def ada(bot: BotHarness) -> ChatUser:
    """An admin whom the bot knows."""
    ada = bot.person_named("Ada", id=ADMIN_ID)
    await ada.sends("/start")
    return ada


@pytest.fixture(autouse=True)
def booming(request: pytest.FixtureRequest) -> None:
    """Have every line that begins with "boom" fail."""
    for name in ("bot", "impatient_bot"):
        if name in request.fixturenames:
            on_text(
                request.getfixturevalue(name),
                "boom",
                failing(KeyError("Alice lives in Elm Street")),
            )


async def fails(bot: BotHarness, who: ChatUser, times: int = 1) -> None:
    """Have somebody write lines that cannot be worked, until each is set aside."""
    for number in range(times):
        who.person.sends(f"boom {number}")
    for update in bot.simulator.take_updates():
        for _ in range(TRIES - 1):
            with pytest.raises(WorkFailed):
                await bot.processes([update])
        await bot.processes([update])


def digests(admin: ChatUser) -> list[str]:
    return [
        message.text
        for message in admin.shown
        if HEAD in message.text or "Beim Bot ist etwas" in message.text
    ]


async def test_a_handler_that_fails_thrice_is_told_to_the_admin_with_the_next_sweep(
    bot: BotHarness, ada: ChatUser, alice: ChatUser
) -> None:
    await fails(bot, alice)
    assert digests(ada) == []
    await bot.run_due()

    [told] = digests(ada)
    assert (
        "1 thing that somebody wrote or tapped could not be worked and was set aside: KeyError\n"
        in told
    )
    assert "What to do: run python -m bot doctor" in told
    assert "Alice" not in told
    assert "Elm Street" not in told


async def test_many_failures_are_two_messages_an_hour_apart(
    bot: BotHarness, ada: ChatUser, alice: ChatUser
) -> None:
    await fails(bot, alice)
    await bot.run_due()
    for _ in range(3):
        await fails(bot, alice, 4)
        await bot.advances(minutes=15)
    assert len(digests(ada)) == 1

    await bot.advances(minutes=14, seconds=59)
    assert len(digests(ada)) == 1
    await bot.advances(seconds=1)
    assert len(digests(ada)) == 2
    assert (
        "12 things that people wrote or tapped could not be worked and were set aside. The last error: KeyError"
        in digests(ada)[1]
    )

    await bot.advances(hours=5)
    assert len(digests(ada)) == 2


async def test_what_failed_before_a_restart_is_told_after_it_and_once(
    bot: BotHarness, ada: ChatUser, alice: ChatUser
) -> None:
    await fails(bot, alice, 3)
    await bot.crashes()
    await bot.recovers()
    assert [told.count("3 things") for told in digests(ada)] == [1]

    await fails(bot, alice)
    await bot.restarts()
    await bot.advances(minutes=59)
    assert len(digests(ada)) == 1
    await bot.advances(minutes=1)
    assert len(digests(ada)) == 2


async def test_a_crash_between_the_claim_and_the_telling_repeats_no_claim(
    bot: BotHarness, ada: ChatUser, alice: ChatUser
) -> None:
    await fails(bot, alice)
    await bot.app.jobs._admin_summary.tell()
    await bot.crashes()
    await bot.recovers()

    assert len(digests(ada)) == 1
    assert outbox(bot, "kind, state") == [("digest", "sent")]


async def test_each_admin_is_told_in_his_language_and_whoever_is_not_there_is_left_out(
    bot: BotHarness, alice: ChatUser
) -> None:
    bot.app.jobs._admin_summary._admins = [ADMIN_ID, 901, 902, 903]
    ada, emil = bot.person_named("Ada", id=ADMIN_ID), bot.joins("Emil", id=901, language_code="de")
    gone = bot.joins("Gone", id=902)
    for admin in (ada, emil, gone):
        await admin.sends("/start")
    gone.person.blocks()
    await bot.settles()
    await fails(bot, alice)
    await bot.run_due()

    assert len(digests(ada)) == 1
    assert "1 Eingabe ließ sich nicht bearbeiten" in digests(emil)[0]
    assert rows(
        bot.app.database.url, "SELECT recipient_id FROM outbox WHERE kind = 'digest' ORDER BY 1"
    ) == [(ADMIN_ID,), (901,)]


async def test_an_admin_who_first_writes_later_is_told_then(
    bot: BotHarness, alice: ChatUser
) -> None:
    await fails(bot, alice, 2)
    await bot.advances(hours=3)
    assert outbox(bot, "kind") == []

    ada = bot.person_named("Ada", id=ADMIN_ID)
    await ada.sends("/start")
    await bot.run_due()
    assert "2 things" in digests(ada)[0]


async def test_without_admins_nothing_breaks_and_nothing_piles_up(database_url: str) -> None:
    bot = BotHarness(database_url, admin_ids="")
    await bot.starts()
    on_text(bot, "boom", failing(KeyError("x")))
    await fails(bot, bot.joins("Alice"), 30)
    await bot.advances(hours=2)

    assert rows(database_url, "SELECT kind, count FROM incident") == [("update_set_aside", 30)]
    assert outbox(bot, "kind") == []
    await bot.ends()


@pytest.mark.refuses("message text is empty")
async def test_messages_that_cannot_be_told_are_counted_by_what_kept_them(
    impatient_bot: BotHarness,
) -> None:
    bot = impatient_bot
    ada, alice = bot.joins("Ada", id=ADMIN_ID), bot.joins("Alice")
    await ada.sends("/start")
    on_text(bot, "empty", answering(Send(Screen(""))))
    await alice.sends("empty")
    await bot.run_due()
    async with bot.app.database.transaction() as work:
        await work.outbox.reply(alice.id, {"steps": [{"step": "dance"}]}, bot.now - AN_HOUR)
    for _ in range(3):
        await bot.advances(minutes=20)

    told = "\n".join(digests(ada))
    assert "1 message was refused by Telegram and put aside: " in told
    assert "1 message could not be written and was put aside: ValidationError" in told


@pytest.mark.refuses("message text is empty")
@pytest.mark.parametrize("trouble", ["refused", "broken"])
async def test_a_digest_that_cannot_be_told_is_not_told_of(
    impatient_bot: BotHarness, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    bot = impatient_bot
    ada, alice = bot.joins("Ada", id=ADMIN_ID), bot.joins("Alice")
    await ada.sends("/start")
    await fails(bot, alice)
    await bot.app.jobs._admin_summary.tell()
    if trouble == "refused":
        monkeypatch.setattr(
            "bot.notifications.render.digest_screen", lambda _reader, _incidents: Screen("")
        )
    else:
        changes(bot.app.database.url, "UPDATE outbox SET payload = '{}' WHERE kind = 'digest'")
    for _ in range(10):
        await bot.advances(hours=1)

    assert outbox(bot, "kind, state") == [("digest", "parked")]
    assert rows(bot.app.database.url, "SELECT * FROM incident") == []
    assert digests(ada) == []


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[tuple[Database, list[AdminSummary]]]:
    """Two bots on one database, which knows the admin and has something to tell."""
    database = Database(database_url)
    async with database.transaction() as work:
        await work.clients.record_contact(Contact(ADMIN_ID, "Ada"), MONDAY)
        await work.incidents.note(Trouble.JOB_FAILED, "KeyError", MONDAY)
    yield (
        database,
        [AdminSummary(database, frozenset({ADMIN_ID}), lambda: MONDAY) for _ in range(2)],
    )
    await database.close()


async def test_two_replicas_that_tell_at_once_tell_once(
    replicas: tuple[Database, list[AdminSummary]],
) -> None:
    database, both = replicas
    await asyncio.gather(*(each.tell() for each in both * 5))

    assert rows(database.url, "SELECT kind, recipient_id FROM outbox") == [("digest", ADMIN_ID)]
    assert everything(database.url)["incident"] == []


@pytest.mark.changes_schema
async def test_a_job_that_fails_and_a_database_that_was_away_are_told(
    bot: BotHarness, ada: ChatUser
) -> None:
    async def fails_once() -> None:
        raise ArithmeticError

    await bot.app.jobs._tried(fails_once)
    await bot.run_due()
    assert "1 piece of regular work failed and is tried again: ArithmeticError" in digests(ada)[0]

    async def finds_no_database() -> None:
        raise OperationalError("SELECT 1", {}, Exception("locked"))

    changes(bot.app.database.url, "ALTER TABLE incident RENAME TO away")
    await bot.app.jobs._tried(finds_no_database)
    changes(bot.app.database.url, "ALTER TABLE away RENAME TO incident")
    await bot.advances(hours=1)
    assert (
        "The database could not be used for a while, and can be again: OperationalError"
        in digests(ada)[1]
    )


async def test_every_kind_of_trouble_can_be_told(bot: BotHarness, ada: ChatUser) -> None:
    async with bot.app.database.transaction() as work:
        for kind in Trouble:
            await work.incidents.note(kind, "<Error>", bot.now)
    await bot.run_due()

    [told] = digests(ada)
    assert told.count("•") == len(Trouble)
    assert told.count("<Error>") == len(Trouble)


async def test_incidents_nobody_could_be_told_of_are_forgotten_after_a_month(
    bot: BotHarness, alice: ChatUser
) -> None:
    await fails(bot, alice)
    bot.now += timedelta(days=31)
    await bot.app.jobs.tidy()

    assert rows(bot.app.database.url, "SELECT * FROM incident") == []
