"""Logs: one line per event, as text or JSON, with secrets masked."""

import json
import logging
from typing import Literal

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from bot.logs import configure_logging

TOKEN = "123456:AAF-secret_part"
HUSH = "hush_hush-1"
FORMATS = ("console", "json")

pytestmark = pytest.mark.usefixtures("logging_as_before")


def fail_with(text: str) -> None:
    raise RuntimeError(f"no answer from https://host/bot{text}/getMe")


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_secret_in_an_event_or_a_field_is_masked(
    capsys: pytest.CaptureFixture[str], log_format: Literal["console", "json"]
) -> None:
    configure_logging("INFO", log_format, (TOKEN, HUSH))
    structlog.get_logger("bot").info(
        f"calling /bot{TOKEN}/getMe", **{TOKEN: 1}, nested={"deep": [HUSH, f"x{TOKEN}y"]}
    )
    output = capsys.readouterr().err
    assert TOKEN not in output
    assert HUSH not in output
    assert output.count("[secret]") == 4


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_secret_in_a_traceback_is_masked_and_the_traceback_kept(
    capsys: pytest.CaptureFixture[str], log_format: Literal["console", "json"]
) -> None:
    configure_logging("INFO", log_format, (TOKEN,))
    try:
        fail_with(TOKEN)
    except RuntimeError:
        structlog.get_logger("bot").exception("update_failed")
        logging.getLogger("telegram.ext").exception("of a library")
    output = capsys.readouterr().err
    assert TOKEN not in output
    assert output.count("RuntimeError: no answer from https://host/bot[secret]/getMe") == 2
    assert output.count("Traceback (most recent call last)") == 2


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_secret_in_the_message_of_a_library_is_masked(
    capsys: pytest.CaptureFixture[str], log_format: Literal["console", "json"]
) -> None:
    configure_logging("INFO", log_format, (TOKEN,))
    logging.getLogger("httpx").warning("HTTP Request: POST %s", f"https://host/bot{TOKEN}/getMe")
    logging.getLogger("other").warning("quoted %s", TOKEN.replace(":", "%3A"))
    output = capsys.readouterr().err
    assert "AAF-secret_part" not in output
    assert "https://host/bot[secret]/getMe" in output


def test_a_secret_with_quotation_marks_is_masked_in_json_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("INFO", "json", ('pa"ss\\word',))
    structlog.get_logger("bot").info("connect", url='postgresql://keeper:pa"ss\\word@db')
    assert json.loads(capsys.readouterr().err)["url"] == "postgresql://keeper:[secret]@db"


def test_both_secrets_are_masked_if_one_contains_the_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("INFO", "json", ("abc", "abcdef"))
    structlog.get_logger("bot").info("abcdef and abc")
    assert json.loads(capsys.readouterr().err)["event"] == "[secret] and [secret]"


def test_without_secrets_lines_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json", ("",))
    structlog.get_logger("bot").info("nothing to hide")
    assert json.loads(capsys.readouterr().err)["event"] == "nothing to hide"


def test_a_json_line_has_timestamp_logger_level_and_context(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("INFO", "json")
    with bound_contextvars(update_id=7):
        structlog.get_logger("bot.app").info("hold_placed", client="Zoë")
        logging.getLogger("elsewhere").warning("plain %d", 1, extra={"chat": 42})
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "event": "hold_placed",
        "client": "Zoë",
        "update_id": 7,
        "level": "info",
        "logger": "bot.app",
    }
    assert theirs.pop("timestamp").endswith("Z")
    assert theirs == {
        "event": "plain 1",
        "chat": 42,
        "update_id": 7,
        "level": "warning",
        "logger": "elsewhere",
    }


def test_a_console_line_has_event_and_fields_and_no_colours_off_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("INFO", "console")
    structlog.get_logger("bot").info("hold_placed", slot=3)
    (line,) = capsys.readouterr().err.splitlines()
    assert "hold_placed" in line
    assert "slot=3" in line
    assert "\x1b" not in line


def test_events_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("ERROR", "json")
    structlog.get_logger("bot").warning("left out")
    logging.getLogger("httpx").warning("left out too")
    structlog.get_logger("bot").error("logged")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "logged"


@pytest.mark.parametrize(
    "name",
    [
        "httpx",
        "httpcore.http11",
        "apscheduler.scheduler",
        "aiohttp.access",
        "telegram.ext.Application",
        "alembic.runtime.migration",
        "aiosqlite",
    ],
)
def test_verbose_libraries_log_warnings_only(capsys: pytest.CaptureFixture[str], name: str) -> None:
    configure_logging("DEBUG", "json")
    logging.getLogger(name).info("chatter")
    logging.getLogger(name).warning("trouble")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "trouble"


def test_configuring_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "console")
    configure_logging("INFO", "json")
    structlog.get_logger("bot").info("once")
    assert len(capsys.readouterr().err.splitlines()) == 1
