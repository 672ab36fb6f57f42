"""Log flood control: the first records of a kind are written, the rest are counted."""

import asyncio
import io
import json
import logging

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from bot.logs import configure_logging
from bot.observability.log_flood import FloodControl, FloodControlHandler


class Timer:
    """A clock that only tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Log:
    """A logger with readable lines and a burst of three a minute."""

    def __init__(self, name: str = "some.library") -> None:
        self.timer = Timer()
        self.control = FloodControl(burst=3, most_kinds=10, clock=self.timer)
        self.stream = io.StringIO()
        self.handler = FloodControlHandler(self.stream, self.control)
        self.handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self.logger = logging.Logger(name)  # noqa: LOG001  (a logger of this test only)
        self.logger.addHandler(self.handler)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_burst_is_written_and_the_rest_is_counted(log: Log) -> None:
    for number in range(1237):
        log.logger.warning("request %s failed", number)
    assert log.lines == [f"WARNING some.library request {number} failed" for number in range(3)]

    log.timer.now += 60
    log.logger.info("something else")
    assert log.lines[3:] == [
        "WARNING some.library repeated 1,234 more times within 60 seconds: request %s failed",
        "INFO some.library something else",
    ]


def test_each_window_has_a_burst_of_its_own(log: Log) -> None:
    for _ in range(3):
        for _ in range(5):
            log.logger.warning("again")
        log.timer.now += 60

    summary = "WARNING some.library repeated 2 more times within 60 seconds: again"
    assert log.lines == [
        *["WARNING some.library again"] * 3,
        *[summary, *["WARNING some.library again"] * 3] * 2,
    ]


def test_a_window_that_suppressed_nothing_gets_no_summary(log: Log) -> None:
    for _ in range(3):
        log.logger.warning("once in a while")
    log.timer.now += 60
    log.logger.warning("later")

    assert len(log.lines) == 4
    assert log.control.open_windows == 1


def test_records_differ_by_logger_level_template_and_exception(log: Log) -> None:
    for _ in range(10):
        log.logger.error("failed")
        log.logger.warning("failed")
        log.logger.error("failed otherwise")
        log.logger.error("failed", exc_info=ValueError("once"))
        log.logger.error("failed", exc_info=KeyError("twice"))
    assert sum(line.endswith("failed") for line in log.lines) == 3 * 4
    assert sum(line.endswith("otherwise") for line in log.lines) == 3
    assert [
        log.stream.getvalue().count(name) for name in ("ValueError: once", "KeyError: 'twice'")
    ] == [3, 3]

    log.handler.close()
    assert sorted(line.partition("seconds: ")[2] for line in log.lines if "repeated 7" in line) == [
        *(
            "failed",
            "failed",
            "failed (builtins.KeyError)",
            "failed (builtins.ValueError)",
            "failed otherwise",
        )
    ]


def test_a_suppressed_record_is_not_rendered(log: Log) -> None:
    class Counted:
        rendered = 0

        def __str__(self) -> str:
            self.rendered += 1
            return "argument"

    argument = Counted()
    for _ in range(100):
        log.logger.warning("with %s", argument)

    assert argument.rendered == 3


def test_remaining_summaries_are_written_when_logging_ends(log: Log) -> None:
    for _ in range(5):
        log.logger.error("at the end")
    log.timer.now += 7
    log.handler.close()

    assert log.lines[-1] == "ERROR some.library repeated 2 more times within 7 seconds: at the end"


def test_the_number_of_kinds_and_the_length_of_templates_are_bounded(log: Log) -> None:
    for number in range(1000):
        for _ in range(4):
            log.logger.warning(f"{number} {'x' * 10_000}")  # noqa: G004  (a library that formats messages itself)

    assert log.control.open_windows == 10
    assert sum("repeated 1 more times" in line for line in log.lines) == 990
    assert max(len(line) for line in log.lines if "repeated" in line) < 300


async def test_messages_that_asyncio_formats_are_controlled_too() -> None:
    log = Log("asyncio")
    asyncio_logger, before = logging.getLogger("asyncio"), logging.getLogger("asyncio").handlers
    asyncio_logger.handlers, asyncio_logger.propagate = [log.handler], False
    try:
        for number in range(10):
            context = {
                "message": "socket.accept() out of system resource",
                "socket": f"number {number}",
                "exception": OSError(24, "full"),
            }
            asyncio.get_running_loop().default_exception_handler(context)
    finally:
        asyncio_logger.handlers, asyncio_logger.propagate = before, True
    assert log.stream.getvalue().count("out of system resource") == 3

    log.handler.close()
    assert log.lines[-1] == (
        "ERROR asyncio repeated 7 more times within 0 seconds: "
        "socket.accept() out of system resource (builtins.OSError)"
    )


def test_the_bots_log_is_controlled_and_a_summary_belongs_to_no_update(
    logging_as_before: None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("INFO", "json", ["hush"])
    ours, theirs = structlog.get_logger("bot.app"), logging.getLogger("aiohttp.server")
    with bound_contextvars(update_id=7):
        for number in range(1000):
            ours.warning("hush is full", number=number)
            theirs.error("Error handling request from %s", number)
        for handler in logging.getLogger().handlers:
            handler.close()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    assert [line["logger"] for line in lines].count("bot.app") == 21
    assert len(lines) == 42
    assert all(line["update_id"] == 7 for line in lines[:40])
    assert [
        {name: line.get(name) for name in ("logger", "level", "update_id")} for line in lines[40:]
    ] == [
        {"logger": "bot.app", "level": "warning", "update_id": None},
        {"logger": "aiohttp.server", "level": "error", "update_id": None},
    ]
    assert [line["event"].partition(" more times")[0] for line in lines[40:]] == [
        "repeated 980"
    ] * 2
    assert lines[40]["event"].endswith("[secret] is full")


def test_events_with_different_exceptions_are_counted_separately(
    logging_as_before: None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("INFO", "json")
    for error in (ValueError("once"), KeyError("twice")):
        for _ in range(30):
            structlog.get_logger("bot").error("failed", exc_info=error)

    logged = [
        json.loads(line)["exception"].splitlines()[-1]
        for line in capsys.readouterr().err.splitlines()
    ]
    assert logged == [*["ValueError: once"] * 20, *["KeyError: 'twice'"] * 20]
