"""The outbox: messages to deliver, in order and at least once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    TextClause,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    update,
)

from domain.notification import Kind, Notification
from domain.operations.outbox import (
    DIGEST,
    MISSED,
    REPLY,
    TELEGRAM,
    TOLD_TO_WAIT,
    Backlog,
    OutboxRow,
    Withheld,
)
from domain.person import Person
from storage.engine.executor import Executor
from storage.engine.sqlite_direct import IN_THREAD, MAX_INLINE_ROWS
from storage.sql.json_rows import json_parameter, json_rows
from storage.sql.variants import PerDialect
from storage.tables import DUE, DUE_NOTIFICATION, DUE_REPLY, WITHHELD, outbox, person

LEASE = timedelta(seconds=60)
CHANNEL = "slotkeeper"
"""The channel of notifications among replicas.

The payload is the number of the replica that joins, negated if it leaves. If it commits messages,
the instant at which they fall due follows, in microseconds since 1970.
"""
_SCAN_LIMIT = 2_000
_MAX_WAIT = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_FIELDS = [
    outbox.c[name]
    for name in (
        "id",
        "chat_id",
        "recipient_id",
        "kind",
        "subject_kind",
        "subject_id",
        "revision",
        "payload",
        "due_at",
        "attempts",
    )
]
_NOW = bindparam("now", type_=outbox.c.due_at.type)
_NOT_LEASED = or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= bindparam("now"))
_AHEAD = outbox.alias("ahead")
_AHEAD_IS_DUE = text("ahead.state = 'due'")
# A row that is ahead of another one of the same chat. Only the first row can be claimed, so two
# replicas never deliver a chat's messages in the wrong order.
_IS_AHEAD = and_(
    _AHEAD_IS_DUE,
    _AHEAD.c.chat_id == outbox.c.chat_id,
    or_(
        _AHEAD.c.due_at < outbox.c.due_at,
        and_(_AHEAD.c.due_at == outbox.c.due_at, _AHEAD.c.id < outbox.c.id),
    ),
)
_HEAD = ~select(_AHEAD.c.id).where(_IS_AHEAD).exists()
# A reply overtakes notifications that were not tried yet, whether it is sent directly or queued.
_REPLY_HEAD = (
    ~select(_AHEAD.c.id)
    .where(_IS_AHEAD, or_(_AHEAD.c.attempts > 0, _AHEAD.c.kind == REPLY))
    .exists()
)


def _claim(kinds: TextClause, head: ColumnElement[bool]) -> Any:
    """Return the statement that leases due rows, oldest first, one for each chat.

    The query is a CTE, so that it runs once: PostgreSQL may run a subquery again for each row, and
    find other rows within the limit.
    """
    due_now = (
        select(outbox.c.id)
        .where(kinds, outbox.c.due_at <= bindparam("now"), _NOT_LEASED, head)
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True, of=outbox)
    )
    return (
        update(outbox)
        .where(outbox.c.id.in_(select(due_now.cte("chosen").c.id)), DUE)
        .values(
            lease_until=bindparam("lease"),
            leased_by=bindparam("replica"),
            attempts=outbox.c.attempts + 1,
        )
        .returning(*_FIELDS)
        .execution_options(**IN_THREAD)
    )


_CLAIM_REPLIES, _CLAIM_NOTIFICATIONS = (
    _claim(DUE_REPLY, _REPLY_HEAD),
    _claim(DUE_NOTIFICATION, _HEAD),
)
_NEXT_OF_CHAT = select(func.min(outbox.c.due_at)).where(DUE, outbox.c.chat_id == bindparam("chat"))
# A row can be claimed when it is due, first for its recipient and not leased. Leased rows are due,
# so they come first in the index, and fewer than the limit are ever leased: rows beyond it fall due
# later than those read.
_CLAIMABLE = case(
    (outbox.c.lease_until > outbox.c.due_at, outbox.c.lease_until), else_=outbox.c.due_at
).label("claimable")
_SOONEST = (
    select(_CLAIMABLE)
    .where(DUE, _HEAD)
    .order_by(outbox.c.due_at, outbox.c.id)
    .limit(_SCAN_LIMIT)
    .subquery()
)
_NEXT_CLAIMABLE = select(
    func.min(_SOONEST.c.claimable, type_=outbox.c.due_at.type)
).execution_options(**IN_THREAD)
_BACKLOG = (
    select(func.count(), func.min(outbox.c.due_at, type_=outbox.c.due_at.type))
    .where(DUE, outbox.c.due_at <= bindparam("now"))
    .execution_options(**IN_THREAD)
)
# The row as it was claimed. If it was since replaced (a moved hold) or claimed by another replica,
# its attempts differ.
_ROW = and_(outbox.c.id == bindparam("row"), outbox.c.attempts == bindparam("tries"))
_SETTLE = (
    update(outbox)
    .where(_ROW)
    .values(state=bindparam("new_state"), settled_at=bindparam("now"), error=bindparam("new_error"))
)
_FORGET = delete(outbox).where(_ROW)
_UNTIL = bindparam("until", type_=outbox.c.due_at.type)
# The rows that wait behind the postponed one. A leased row with attempts is being sent, and must
# not be claimed again. A leased one without attempts only answers its tap.
_BEHIND = and_(
    outbox.c.due_at <= _UNTIL, or_(outbox.c.lease_until.is_(None), outbox.c.attempts == 0)
)
_POSTPONE = (
    update(outbox)
    .where(DUE, outbox.c.chat_id == bindparam("chat"), or_(_ROW, _BEHIND))
    .values(
        due_at=case((outbox.c.due_at < _UNTIL, _UNTIL), else_=outbox.c.due_at),
        lease_until=case((_ROW, null()), else_=outbox.c.lease_until),
    )
)
# Only hold warnings are scheduled ahead. Any other row that is not due yet was postponed, or queues
# behind a postponed row.
_POSTPONED = and_(
    outbox.c.due_at > bindparam("after", type_=outbox.c.due_at.type),
    or_(outbox.c.attempts > 0, outbox.c.kind != Kind.HOLD_WARNING),
)
_LONGEST_LEASE = bindparam("longest", type_=outbox.c.lease_until.type)
_OVERLONG = outbox.c.lease_until > _LONGEST_LEASE
_POSTPONED_ROW = outbox.alias("held_back")
# Rows whose recipient has a row with Telegram's ``retry_after``: they wait as long.
_RATE_LIMITED = (
    select(_POSTPONED_ROW.c.id)
    .where(
        text("held_back.state = 'due'"),
        _POSTPONED_ROW.c.chat_id == outbox.c.chat_id,
        _POSTPONED_ROW.c.error == TOLD_TO_WAIT,
    )
    .exists()
)
_RECALLED = and_(_POSTPONED, ~_RATE_LIMITED)
_SHIFTED = (
    select(outbox.c.id, outbox.c.due_at)
    .where(DUE, _POSTPONED, _RATE_LIMITED)
    .execution_options(**IN_THREAD)
)
_SHIFT = (
    update(outbox).where(outbox.c.id == bindparam("row"), DUE).values(due_at=bindparam("earlier"))
)
_RECALL = (
    update(outbox)
    .where(DUE, or_(_RECALLED, _OVERLONG))
    .values(
        due_at=case((_RECALLED, _NOW), else_=outbox.c.due_at),
        lease_until=case((_OVERLONG, _LONGEST_LEASE), else_=outbox.c.lease_until),
    )
    .returning(outbox.c.id)
)
_NOTE_ERROR = update(outbox).where(_ROW).values(error=bindparam("new_error"))
_SAVE_PAYLOAD = update(outbox).where(_ROW, DUE).values(payload=bindparam("new_payload"))
# Renews a lapsed lease too, but not one that was dropped when the row was postponed.
_EXTEND_LEASE = (
    update(outbox)
    .where(_ROW, DUE, outbox.c.lease_until.is_not(None))
    .values(lease_until=bindparam("lease"))
)
_RENEW_LEASE = (
    update(outbox)
    .where(_ROW, DUE, outbox.c.lease_until > bindparam("now"))
    .values(lease_until=bindparam("lease"))
    .returning(outbox.c.id)
)
_OF_CHAT = outbox.c.chat_id == bindparam("chat")
_DROP_REPLIES = (
    delete(outbox).where(DUE, _OF_CHAT, outbox.c.kind == REPLY).returning(outbox.c.payload)
)
_WITHHOLD = (
    update(outbox)
    .where(DUE, _OF_CHAT)
    .values(state="withheld", settled_at=bindparam("now"), error=bindparam("why"))
)
_FORGET_SUMMARY = delete(outbox).where(WITHHELD, _OF_CHAT, outbox.c.kind == MISSED)
_ALL_WITHHELD = select(func.count(), func.max(outbox.c.id)).where(WITHHELD, _OF_CHAT)
_WITHHELD_ROWS = (
    select(*_FIELDS)
    .where(WITHHELD, _OF_CHAT)
    .order_by(outbox.c.due_at.desc(), outbox.c.id.desc())
    .limit(bindparam("limit"))
)
# The message of all that was missed counts as one more attempt; ``OutboxRow.withheld`` has
# subtracted the earlier ones.
_SETTLE_WITHHELD = (
    update(outbox)
    .where(WITHHELD, _OF_CHAT, outbox.c.id.in_(bindparam("rows", expanding=True)))
    .values(state=bindparam("new_state"), settled_at=bindparam("now"), error=None, attempts=1)
)
_SKIP_WITHHELD = (
    update(outbox)
    .where(WITHHELD, _OF_CHAT, outbox.c.id <= bindparam("last"))
    .values(state="skipped", settled_at=bindparam("now"), error=None, attempts=1)
)
_REQUEUE_WITHHELD = (
    update(outbox)
    .where(WITHHELD, _OF_CHAT, outbox.c.kind != MISSED)
    .values(state="due", due_at=bindparam("now"), attempts=0, settled_at=None, lease_until=None)
)
# Any other row that is not due yet was added while the clock was wrong.
_RESUME_LATER = (
    update(outbox)
    .where(WITHHELD, _OF_CHAT, outbox.c.due_at > _NOW, outbox.c.kind == Kind.HOLD_WARNING)
    .values(state="due", attempts=0, settled_at=None, error=None, lease_until=None)
    .returning(outbox.c.id)
)
_NOTIFY_REPLICAS = select(func.pg_notify(CHANNEL, bindparam("payload")))
# A row that must be retried, or a queued reply: no new row may overtake it.
_BLOCKS_OTHERS = or_(outbox.c.attempts > 0, outbox.c.kind == REPLY)
_QUEUE_OF_CHAT = (
    select(func.max(outbox.c.due_at).label("until"))
    .where(DUE, outbox.c.chat_id == bindparam("chat"), _BLOCKS_OTHERS)
    .subquery()
)
_GIVEN = (
    "recipient_id",
    "kind",
    "subject_kind",
    "subject_id",
    "revision",
    "dedupe_key",
    "payload",
)
_ORDINAL = Column("ordinal", Integer)


def _notify(db: Any) -> Any:
    """Return the statement that adds notifications, each once for its recipient and dedupe key.

    A notification goes to the recipient's chat, behind what waits there.
    """
    given = (outbox.c[name] for name in (*_GIVEN, "due_at"))
    added = json_rows(db, *given, _ORDINAL).subquery()
    waiting = outbox.alias("waiting")
    until = (
        select(func.max(waiting.c.due_at))
        .where(
            text("waiting.state = 'due'"),
            waiting.c.chat_id == person.c.telegram_id,
            or_(waiting.c.attempts > 0, waiting.c.kind == REPLY),
        )
        .correlate(person)
        .scalar_subquery()
    )
    values = {
        "channel": literal(TELEGRAM),
        "chat_id": person.c.telegram_id,
        **{name: added.c[name] for name in _GIVEN},
        "due_at": case((until > added.c.due_at, until), else_=added.c.due_at),
        "state": literal("due"),
        "attempts": literal(0),
    }
    rows = (
        select(*values.values())
        .join_from(added, person, person.c.id == added.c.recipient_id)
        .where(person.c.telegram_id.is_not(None))
        # PostgreSQL may join in another order, and rows of one chat are sent in that of their ids.
        .order_by(added.c.ordinal)
    )
    return (
        db.insert(outbox)
        .from_select([*values], rows)
        .on_conflict_do_nothing(index_elements=["recipient_id", "dedupe_key"])
    )


_NOTIFY = PerDialect(_notify)
_SEND_NOW = and_(_QUEUE_OF_CHAT.c.until.is_(None), bindparam("queued", type_=Integer()) == 0)
_STARTED_HERE = or_(_SEND_NOW, bindparam("answers_tap", type_=Integer()) == 1)


def _if_started_here(name: str) -> ColumnElement[Any]:
    """Return the value for a reply that its process starts to send itself, NULL for any other."""
    return case((_STARTED_HERE, bindparam(name, type_=outbox.c[name].type))).label(name)


_REPLY_VALUES = {
    "channel": literal(TELEGRAM),
    "chat_id": bindparam("chat", type_=outbox.c.chat_id.type),
    "recipient_id": bindparam("recipient", type_=outbox.c.recipient_id.type),
    "kind": literal(REPLY),
    "payload": bindparam("payload", type_=outbox.c.payload.type),
    "due_at": case((_QUEUE_OF_CHAT.c.until > _NOW, _QUEUE_OF_CHAT.c.until), else_=_NOW),
    "state": literal("due"),
    "attempts": case((_SEND_NOW, 1), else_=0),
    "lease_until": _if_started_here("lease_until"),
    "leased_by": _if_started_here("leased_by"),
}
_REPLY = (
    insert(outbox)
    .from_select([*_REPLY_VALUES], select(*_REPLY_VALUES.values()))
    .returning(outbox.c.id, outbox.c.due_at, outbox.c.attempts)
)
_HOLDER = func.coalesce(outbox.c.leased_by, 0)
_LEASED = and_(DUE, outbox.c.lease_until.is_not(None))
_HOLDERS = select(_HOLDER).where(_LEASED).distinct().execution_options(**IN_THREAD)
_RELEASE = (
    update(outbox)
    .where(_LEASED, _HOLDER.in_(bindparam("holders", expanding=True)))
    .values(lease_until=None)
    .returning(outbox.c.id)
)
_RELEASE_UNKNOWN = (
    update(outbox)
    .where(
        _LEASED,
        outbox.c.leased_by == bindparam("replica"),
        outbox.c.lease_until <= bindparam("until"),
        outbox.c.id.not_in(bindparam("excluding", expanding=True)),
    )
    .values(lease_until=None)
    .returning(outbox.c.id)
)


class SqlOutbox:
    """Implements ``domain.ports.Notifications``, and ``bot.ports.Outbox`` for the relay."""

    def __init__(self, connection: Executor, replica: int = 0) -> None:
        """Execute statements through this connection; leases are taken for ``replica``."""
        self._connection = connection
        self._replica = replica
        self.earliest: datetime | None = None

    async def notify(self, notifications: Sequence[Notification]) -> None:
        """Add notifications, each once for its recipient and dedupe key."""
        await self._add([_row(each) for each in notifications])

    async def report(
        self, recipients: Sequence[int], payload: Mapping[str, object], now: datetime
    ) -> None:
        """Add the admin summary, once for each recipient."""
        key = f"{DIGEST}:{now.isoformat()}"
        await self._add(
            [
                {
                    "recipient_id": each,
                    "kind": DIGEST,
                    "dedupe_key": key,
                    "payload": dict(payload),
                    "due_at": now,
                }
                for each in recipients
            ]
        )

    async def _add(self, rows: list[dict[str, Any]]) -> None:
        """Insert notifications. Recipients without a Telegram account get none."""
        if not rows:
            return
        self.earliest = min(filter(None, [self.earliest, *(row["due_at"] for row in rows)]))
        await self._connection.execute(
            _NOTIFY.on(self._connection),
            json_parameter(
                self._connection, [row | {"ordinal": at} for at, row in enumerate(rows)]
            ),
            long_running=len(rows) > MAX_INLINE_ROWS,
        )

    async def reply(
        self,
        chat_id: int,
        recipient_id: int | None,
        payload: Mapping[str, object],
        now: datetime,
        *,
        queued: bool = False,
        answers_tap: bool = False,
    ) -> OutboxRow:
        """Add the reply to an update, leased to the process that commits it.

        That process sends the reply itself; the relay's sweep sends it only if the process dies. If
        an older row waits for the chat, or ``queued`` is set, the reply queues instead: it has no
        attempts, and the sweep sends it. If it ``answers_tap``, it is leased all the same until
        ``queue`` is called, so that no other process answers the tap once more.
        """
        values = {
            "chat": chat_id,
            "recipient": recipient_id,
            "payload": dict(payload),
            "now": now,
            "queued": int(queued),
            "answers_tap": int(answers_tap),
            "lease_until": now + LEASE,
            "leased_by": self._replica,
        }
        number, due, attempts = (await self._connection.execute(_REPLY, values)).one()
        return OutboxRow(
            number, chat_id, recipient_id, REPLY, None, None, None, payload, due, attempts
        )

    async def claim(
        self, now: datetime, limit: int, *, notifications: int | None = None
    ) -> Sequence[OutboxRow]:
        """Lease due rows, oldest first, one for each chat, and return them in order.

        Claims up to ``limit`` replies and up to ``notifications`` other rows. If ``notifications``
        is None, the limit is for both together, and replies come first.
        """
        leased = {"now": now, "lease": now + LEASE, "replica": self._replica}
        rows = list(await self._connection.execute(_CLAIM_REPLIES, {**leased, "limit": limit}))
        if (rest := limit - len(rows) if notifications is None else notifications) > 0:
            rows += await self._connection.execute(_CLAIM_NOTIFICATIONS, {**leased, "limit": rest})
        return sorted(
            (OutboxRow(**row._asdict()) for row in rows), key=lambda row: (row.due_at, row.id)
        )

    async def renew(self, row: OutboxRow, now: datetime) -> bool:
        """Renew a row's lease.

        Return False if the claimer has lost the row: it was settled, postponed or replaced, or its
        lease has ended.
        """
        leased = {"row": row.id, "tries": row.attempts, "now": now, "lease": now + LEASE}
        return bool(await self._connection.execute(_RENEW_LEASE, leased))

    async def renew_all(self, rows: Collection[OutboxRow], now: datetime) -> None:
        """Renew the leases of rows, even lapsed ones, unless another process has claimed them."""
        for row in rows:
            await self._connection.execute(
                _EXTEND_LEASE, {"row": row.id, "tries": row.attempts, "lease": now + LEASE}
            )

    async def next_due(self) -> datetime | None:
        """Return when the next row can be claimed, or None if none waits."""
        earliest: datetime | None = await self._connection.scalar(_NEXT_CLAIMABLE)
        return earliest

    async def backlog(self, now: datetime) -> Backlog:
        """Return how many messages are due and not sent, including leased ones, and the oldest."""
        depth, oldest = (await self._connection.execute(_BACKLOG, {"now": now})).one()
        return Backlog(depth, oldest)

    async def record_result(
        self, row: OutboxRow, state: str, now: datetime, error: str | None = None
    ) -> datetime | None:
        """Record that a claimed row was sent, skipped or parked; a row replaced since stays due.

        Return when the chat's next row falls due, or None if none waits. The row of a sent reply is
        deleted, because nothing needs it again.
        """
        if row.kind == REPLY and state != "parked":
            await self._connection.execute(_FORGET, {"row": row.id, "tries": row.attempts})
        else:
            settled = {
                "row": row.id,
                "tries": row.attempts,
                "new_state": state,
                "now": now,
                "new_error": error,
            }
            await self._connection.execute(_SETTLE, settled)
        following: datetime | None = await self._connection.scalar(
            _NEXT_OF_CHAT, {"chat": row.chat_id}
        )
        return following

    async def postpone(self, row: OutboxRow, until: datetime, error: str) -> None:
        """Postpone a row and all that wait behind it, so that none overtakes it."""
        await self._connection.execute(
            _NOTE_ERROR, {"row": row.id, "tries": row.attempts, "new_error": error}
        )
        await self.queue(row, until)

    async def queue(self, row: OutboxRow, until: datetime) -> None:
        """Let the sweep send a reply that was to be sent directly, not before ``until``.

        Others of its chat that fall due before wait as long, so that none overtakes it.
        """
        queued = {"row": row.id, "tries": row.attempts, "chat": row.chat_id, "until": until}
        await self._connection.execute(_POSTPONE, queued)

    async def recall_postponed(
        self, now: datetime, *, after: datetime, by: timedelta | None = None
    ) -> int:
        """Make rows due that were postponed beyond ``after``, and return how many rows changed.

        For a clock that was set back: such instants, and leases longer than a new one, come from
        the time before. Leases are kept but shortened to the usual length. Rows that wait for
        Telegram's ``retry_after`` fall due earlier by ``by``, the jump of the clock, so that they
        wait exactly that long. If the jump is unknown, this shortens only waits of more than a day.
        """
        beyond = now + _MAX_WAIT if by is None else after
        waiting = (await self._connection.execute(_SHIFTED, {"after": beyond})).rows
        for number, due in waiting:
            earlier = now if by is None else max(now, due - by)
            await self._connection.execute(_SHIFT, {"row": number, "earlier": earlier})
        return len(waiting) + len(
            await self._connection.execute(
                _RECALL, {"now": now, "after": after, "longest": now + LEASE}
            )
        )

    async def keep(self, row: OutboxRow, payload: Mapping[str, object]) -> None:
        """Store the rest of a reply whose first part was sent."""
        await self._connection.execute(
            _SAVE_PAYLOAD, {"row": row.id, "tries": row.attempts, "new_payload": dict(payload)}
        )

    async def drop_replies(self, chat_id: int) -> Sequence[Mapping[str, object]]:
        """Delete the replies for a chat that cannot be reached, and return their payloads.

        A reply means nothing later.
        """
        return await self._connection.scalars(_DROP_REPLIES, {"chat": chat_id})

    async def withhold(self, chat_id: int, now: datetime, why: str) -> None:
        """Withhold all notifications for a chat that cannot be reached."""
        await self._connection.execute(_WITHHOLD, {"chat": chat_id, "now": now, "why": why})

    async def resume(self, person: Person, now: datetime) -> None:
        """Add one message with everything that was withheld for a person, if there is any.

        A warning that falls due later becomes due then, as before.
        """
        chat = {"chat": person.telegram_id}
        if await self._connection.execute(_RESUME_LATER, {**chat, "now": now}):
            # The alarm looks for the earliest due time itself.
            self.earliest = now
        await self._connection.execute(_FORGET_SUMMARY, chat)
        count, _ = (await self._connection.execute(_ALL_WITHHELD, chat)).one()
        if not count:
            return
        row = {"recipient_id": person.id, "kind": MISSED, "due_at": now}
        await self._add([row | {"dedupe_key": f"{MISSED}:{now.isoformat()}"}])

    async def withheld(self, chat_id: int, limit: int) -> Withheld:
        """Return the newest rows withheld for a chat, and how many there are."""
        chat = {"chat": chat_id}
        count, last = (await self._connection.execute(_ALL_WITHHELD, chat)).one()
        rows = await self._connection.execute(_WITHHELD_ROWS, {**chat, "limit": limit})
        newest = [OutboxRow(**row._asdict()) for row in rows]
        return Withheld(newest[::-1], count - len(newest), last or 0)

    async def settle_withheld(
        self, chat_id: int, states: Mapping[int, str], last: int, now: datetime
    ) -> None:
        """Record the state of withheld rows after the message of all that was missed.

        The others up to the row ``last`` are skipped.
        """
        for state in sorted({*states.values()}):
            rows = sorted(number for number, new in states.items() if new == state)
            settled = {"chat": chat_id, "rows": rows, "new_state": state, "now": now}
            await self._connection.execute(_SETTLE_WITHHELD, settled)
        rest = {"chat": chat_id, "last": last, "now": now}
        await self._connection.execute(_SKIP_WITHHELD, rest)

    async def requeue_withheld(self, chat_id: int, now: datetime) -> None:
        """Make withheld rows due one by one, because they cannot be sent as one message."""
        await self._connection.execute(_REQUEUE_WITHHELD, {"chat": chat_id, "now": now})

    async def lease_holders(self) -> Collection[int]:
        """Return the numbers of the replicas that hold leases."""
        return await self._connection.scalars(_HOLDERS)

    async def release_leases(self, holders: Collection[int]) -> int:
        """Release the leases of these replicas, and return how many rows become due."""
        return (
            len(await self._connection.execute(_RELEASE, {"holders": sorted(holders)}))
            if holders
            else 0
        )

    async def release_unknown_leases(self, since: datetime, *, excluding: Collection[int]) -> int:
        """Release this replica's leases from before ``since`` that it does not know of.

        The connection broke before it heard that its claim was committed. It knows of the rows
        ``excluding``. Return how many rows become due.
        """
        unknown = {"replica": self._replica, "until": since + LEASE, "excluding": sorted(excluding)}
        return len(await self._connection.execute(_RELEASE_UNKNOWN, unknown))

    async def notify_replicas(self) -> None:
        """Notify all replicas on commit of when the added rows fall due; does nothing on SQLite."""
        if self.earliest is not None and self._connection.dialect.name == "postgresql":
            due = (self.earliest - _EPOCH) // timedelta(microseconds=1)
            await self._connection.execute(_NOTIFY_REPLICAS, {"payload": f"{self._replica} {due}"})


def _row(notification: Notification) -> dict[str, Any]:
    """Return the columns of a notification."""
    payload = {"payload": dict(notification.payload)} if notification.payload else {}
    return payload | {
        "recipient_id": notification.recipient_id,
        "kind": notification.kind,
        "subject_kind": notification.subject,
        "subject_id": notification.subject_id,
        "revision": notification.revision,
        "dedupe_key": notification.dedupe_key,
        "due_at": notification.due_at,
    }
