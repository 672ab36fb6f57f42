"""Connect to PostgreSQL, and translate its errors."""

from datetime import timedelta

import asyncpg
from sqlalchemy import event, exc
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.failures import AlreadyThere, DatabaseAway, TransactionConflict

# One update uses a connection for a few milliseconds, so a small pool serves many updates. By
# default PostgreSQL allows 100 connections for all replicas together.
_WRITERS = 10
_READERS = 4
_POOL_TIMEOUT_SECONDS = 30
_CONNECT_SECONDS = 5
ANSWER_SECONDS = 30

# A process that is suspended inside a transaction must not block the others forever.
_SETTINGS = {
    "application_name": "slotkeeper",
    "jit": "off",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}

# serialization_failure, deadlock_detected, lock_not_available, unique_violation (a row appeared
# after the transaction had looked for it).
_CONFLICTS = {
    "40001": TransactionConflict,
    "40P01": TransactionConflict,
    "55P03": TransactionConflict,
    "23505": AlreadyThere,
}
# disk_full, out_of_memory, too_many_connections, admin_shutdown, crash_shutdown,
# cannot_connect_now, idle_session_timeout, idle_in_transaction_session_timeout, and the class of
# broken connections.
_UNAVAILABLE = {"53100", "53200", "53300", "57P01", "57P02", "57P03", "57P05", "25P03"}
_UNAVAILABLE_CLASS = "08"
# read_only_sql_transaction: a server that became a standby in a failover rejects writes.
_READ_ONLY = "25006"

# asyncpg raises InternalClientError after the server's shutdown message, until the socket closes.
DRIVER_ERRORS = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""Everything that asyncpg raises if a server is absent, disappears or rejects a request."""


async def connect(
    url: str, *, command_timeout: float = ANSWER_SECONDS, settings: dict[str, str] | None = None
) -> asyncpg.Connection:
    """Open a connection and return it. Raises DatabaseAway.

    ``url`` is any URL that libpq accepts, including several hosts and parameters.
    ``command_timeout`` is in seconds.
    """
    try:
        return await asyncpg.connect(
            url,
            timeout=_CONNECT_SECONDS,
            command_timeout=command_timeout,
            server_settings=_SETTINGS | (settings or {}),
        )
    except DRIVER_ERRORS as error:
        raise DatabaseAway(
            (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        ) from error


def postgres_engine(
    url: str,
    *,
    write: bool,
    long_running: bool = False,
    connections: int | None = None,
    settings: dict[str, str] | None = None,
) -> AsyncEngine:
    """Return an engine. A reading engine sees one snapshot for each transaction.

    ``long_running`` disables the timeouts, for migrations.
    """
    settings = (settings or {}) | (
        {"lock_timeout": "0", "idle_in_transaction_session_timeout": "0"} if long_running else {}
    )
    command_timeout = timedelta(hours=12).total_seconds() if long_running else ANSWER_SECONDS
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(url, command_timeout=command_timeout, settings=settings),
        isolation_level="READ COMMITTED" if write else "REPEATABLE READ",
        execution_options={} if write else {"postgresql_readonly": True},
        pool_size=connections or (_WRITERS if write else _READERS),
        max_overflow=0,
        # Errors are logged and stored. They must not contain names or messages of people.
        hide_parameters=True,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
    )
    event.listen(engine.sync_engine, "handle_error", _on_error)
    return engine


def _on_error(context: ExceptionContext) -> None:
    """Strip the error's detail, and tell SQLAlchemy if the connection is lost."""
    cause = context.original_exception.__cause__
    strip_detail(cause)
    if is_connection_lost(cause) or is_connection_lost(context.original_exception):
        context.is_disconnect = True


def strip_detail(error: BaseException | None) -> None:
    """Remove the server's detail from an error: the rejected row or key, with what people typed."""
    if isinstance(error, asyncpg.PostgresError):
        error.detail = None


def is_connection_lost(error: BaseException | None) -> bool:
    """Return whether a connection is unusable. A server that does not answer counts as gone."""
    return type(error) is asyncpg.InternalClientError or isinstance(error, OSError)


def translate_postgres_error(
    error: Exception, *, reading: bool
) -> TransactionConflict | DatabaseAway | None:
    """Return the domain error for an error that ended a transaction, or None for any other error.

    ``reading`` says whether the transaction only read.
    """
    if isinstance(error, exc.TimeoutError | OSError):
        return DatabaseAway(
            "no connection is free"
            if isinstance(error, exc.TimeoutError)
            else f"no answer ({type(error).__name__})"
        )
    if not isinstance(error, exc.DBAPIError):
        return None
    state = getattr(error.orig, "sqlstate", None)
    if state in _CONFLICTS:
        return _CONFLICTS[state](state)
    if state == _READ_ONLY and not reading:
        return DatabaseAway(state)
    if (
        error.connection_invalidated
        or state in _UNAVAILABLE
        or (state or "").startswith(_UNAVAILABLE_CLASS)
    ):
        return DatabaseAway(state or type(error.orig).__name__)
    return None
