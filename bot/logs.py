"""Logging: one line for each event on standard error, as text or JSON, with secrets masked."""

import json
import logging
import sys
from collections.abc import Iterable
from typing import Literal
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.observability.log_flood import FloodControlHandler

# Below WARNING these log every request (some with the token in the URL), wake-up, migration step
# and SQL statement with its values, which include names and messages of people.
VERBOSE_LOGGERS = (
    "httpx",
    "httpcore",
    "apscheduler",
    "aiohttp",
    "telegram",
    "alembic",
    "aiosqlite",
    "asyncpg",
    "sqlalchemy",
)
_SHARED_PROCESSORS: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)


class SecretMask:
    """The last processor: replaces each secret in the rendered line by ``[secret]``."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {
            form
            for secret in secrets
            if secret
            for form in (
                secret,
                quote(secret, safe=""),
                json.dumps(secret)[1:-1],
                repr(secret)[1:-1],
            )
        }
        # The longest first, because one secret may contain another.
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict | str) -> str:
        """Return the rendered ``line`` with every secret masked."""
        text = str(line)
        for form in self._forms:
            text = text.replace(form, "[secret]")
        return text


def configure_logging(
    level: str, log_format: Literal["console", "json"], secrets: Iterable[str] = ()
) -> None:
    """Log events of at least ``level`` (like ``INFO``) to standard error.

    ``secrets`` are masked in every line. Repeated events are counted instead of written, see
    ``bot.observability.log_flood``. Calling it again replaces the earlier configuration.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_SHARED_PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = FloodControlHandler(sys.stderr)
    handler.setFormatter(_formatter(log_format, SecretMask(secrets)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in VERBOSE_LOGGERS:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))


def _formatter(log_format: str, mask: SecretMask) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED_PROCESSORS,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _json_lines if log_format == "json" else _console_lines(),
            mask,
        ],
    )


_json_lines = structlog.processors.JSONRenderer(default=str, ensure_ascii=False)


def _console_lines() -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
