"""PostgreSQL: how its connections are made, and what its errors mean for a transaction."""

from datetime import timedelta

import asyncpg
from sqlalchemy import event, exc
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.ports import AlreadyThere, DatabaseAway, TransactionConflict

# One update takes a connection for some milliseconds, so few serve many; PostgreSQL itself allows a hundred by default, for all replicas.
_WRITERS = 10
_READERS = 4
_POOL_TIMEOUT_SECONDS = 30
_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 30

# Whoever is stopped in the middle of a transaction must not keep others out for ever.
_SETTINGS = {
    "application_name": "slotkeeper",
    "jit": "off",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}

# serialization_failure, deadlock_detected, lock_not_available; unique_violation: what was not there when it was looked for is there now.
_CONFLICTS = {
    "40001": TransactionConflict,
    "40P01": TransactionConflict,
    "55P03": TransactionConflict,
    "23505": AlreadyThere,
}
# disk_full, out_of_memory, too_many_connections; admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout;
# idle_in_transaction_session_timeout; and the whole class of broken connections.
_AWAY = {"53100", "53200", "53300", "57P01", "57P02", "57P03", "57P05", "25P03"}
_AWAY_CLASS = "08"
# What wants to write meets a server that became a standby in a failover.
_READ_ONLY = "25006"

# The last is what asyncpg says where the server's farewell has come and the end of the connection has not.
DRIVER_ERRORS = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What asyncpg raises where a server is not there, or no more, or says no."""


async def connected(
    url: str, *, answers_within: float = _ANSWER_SECONDS, settings: dict[str, str] | None = None
) -> asyncpg.Connection:
    """Open a connection; ``url`` is what libpq understands, with several hosts and its parameters too. Raises DatabaseAway."""
    try:
        return await asyncpg.connect(
            url,
            timeout=_CONNECT_SECONDS,
            command_timeout=answers_within,
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
    patient: bool = False,
    connections: int | None = None,
    settings: dict[str, str] | None = None,
) -> AsyncEngine:
    """Return an engine; a reading one sees one unchanging state in each transaction. ``patient`` is for migrations, which may take long."""
    settings = (settings or {}) | (
        {"lock_timeout": "0", "idle_in_transaction_session_timeout": "0"} if patient else {}
    )
    within = timedelta(hours=12).total_seconds() if patient else _ANSWER_SECONDS
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connected(url, answers_within=within, settings=settings),
        isolation_level="READ COMMITTED" if write else "REPEATABLE READ",
        execution_options={} if write else {"postgresql_readonly": True},
        pool_size=connections or (_WRITERS if write else _READERS),
        max_overflow=0,
        # Errors are logged and kept: they must not tell what people are called or wrote.
        hide_parameters=True,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
    )
    event.listen(engine.sync_engine, "handle_error", _failed)
    return engine


def _failed(context: ExceptionContext) -> None:
    """Drop what the server says beside its message; see a broken connection."""
    cause = context.original_exception.__cause__
    without_detail(cause)
    if is_lost(cause) or is_lost(context.original_exception):
        context.is_disconnect = True


def without_detail(error: BaseException | None) -> None:
    """Drop what the server says beside its message, the row or key it refused with all that people wrote there."""
    if isinstance(error, asyncpg.PostgresError):
        error.detail = None


def is_lost(error: BaseException | None) -> bool:
    """Tell whether a connection is of no use any more: a server that gives no answer in time is as good as gone."""
    return type(error) is asyncpg.InternalClientError or isinstance(error, OSError)


def meant(error: Exception, *, reading: bool) -> TransactionConflict | DatabaseAway | None:
    """Return what an error means for the transaction it ended, ``reading`` or not, or None where it is of another kind."""
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
    if error.connection_invalidated or state in _AWAY or (state or "").startswith(_AWAY_CLASS):
        return DatabaseAway(state or type(error.orig).__name__)
    return None
