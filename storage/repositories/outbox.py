"""What is to be delivered, in order, at least once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
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
    or_,
    select,
    text,
    update,
)

from domain.notification import Kind, Notification
from domain.operations.outbox import (
    DIGEST,
    REPLY,
    TOLD_TO_WAIT,
    Backlog,
    DeliveryRecord,
    OutboxRow,
    not_delivered,
)
from storage.engine.executor import Executor
from storage.engine.sqlite_direct import FEW, IN_THREAD
from storage.sql.json_rows import given, rows_given
from storage.sql.variants import PerDatabase
from storage.tables import DUE, DUE_NEWS, DUE_REPLY, WITHHELD, outbox

LEASE = timedelta(seconds=60)
CHANNEL = "slotkeeper"
"""What replicas listen to: who has joined, left (minus his number), or committed what falls due, and when, in microseconds since 1970."""
_LOOKED_AT = 2_000
_LONGEST_SILENCE = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_FIELDS = [
    outbox.c[name]
    for name in ("id", "recipient_id", "kind", "reservation_id", "payload", "due_at", "attempts")
]
_NOW = bindparam("now", type_=outbox.c.due_at.type)
_NOT_LEASED = or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= bindparam("now"))
_AHEAD = outbox.alias("ahead")
_WAITS_AHEAD = text("ahead.state = 'due'")
# What a person is to be told first. Only that can be claimed, so nobody is ever told two things by two replicas in the wrong order.
_IS_AHEAD = and_(
    _WAITS_AHEAD,
    _AHEAD.c.recipient_id == outbox.c.recipient_id,
    or_(
        _AHEAD.c.due_at < outbox.c.due_at,
        and_(_AHEAD.c.due_at == outbox.c.due_at, _AHEAD.c.id < outbox.c.id),
    ),
)
_HEAD = ~select(_AHEAD.c.id).where(_IS_AHEAD).exists()
# An answer overtakes news that was not tried yet, whether it is sent at once or queued.
_FIRST_ANSWER = (
    ~select(_AHEAD.c.id)
    .where(_IS_AHEAD, or_(_AHEAD.c.attempts > 0, _AHEAD.c.kind == REPLY))
    .exists()
)


def _claim(which: TextClause, head: ColumnElement[bool]) -> Any:
    """Lease what is due, the first thing for each person, oldest first.

    The query stands in front, where it runs once: as a subquery PostgreSQL may run it again for each row, and find others behind the limit.
    """
    due_now = (
        select(outbox.c.id)
        .where(which, outbox.c.due_at <= bindparam("now"), _NOT_LEASED, head)
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True, of=outbox)
    )
    return (
        update(outbox)
        .where(outbox.c.id.in_(select(due_now.cte("chosen").c.id)), DUE)
        .values(
            lease_until=bindparam("lease"),
            leased_by=bindparam("mine"),
            attempts=outbox.c.attempts + 1,
        )
        .returning(*_FIELDS)
        .execution_options(**IN_THREAD)
    )


_CLAIM_REPLIES, _CLAIM_NEWS = _claim(DUE_REPLY, _FIRST_ANSWER), _claim(DUE_NEWS, _HEAD)
_NEXT_OF = select(func.min(outbox.c.due_at)).where(
    DUE, outbox.c.recipient_id == bindparam("recipient")
)
# A row can be claimed once it is due, first and nobody's. Leased rows are due ones, so they stand first in the index, and so many are never
# in hand at once: what lies behind this limit falls due later than what was looked at.
_CLAIMABLE = case(
    (outbox.c.lease_until > outbox.c.due_at, outbox.c.lease_until), else_=outbox.c.due_at
).label("claimable")
_SOONEST = (
    select(_CLAIMABLE)
    .where(DUE, _HEAD)
    .order_by(outbox.c.due_at, outbox.c.id)
    .limit(_LOOKED_AT)
    .subquery()
)
_NEXT = select(func.min(_SOONEST.c.claimable, type_=outbox.c.due_at.type)).execution_options(
    **IN_THREAD
)
_BACKLOG = (
    select(func.count(), func.min(outbox.c.due_at, type_=outbox.c.due_at.type))
    .where(DUE, outbox.c.due_at <= bindparam("now"))
    .execution_options(**IN_THREAD)
)
# The row as it was claimed: where it was put in anew meanwhile (a moved hold), or claimed by another, the attempts are different ones.
_ROW = and_(outbox.c.id == bindparam("row"), outbox.c.attempts == bindparam("tries"))
_SETTLE = (
    update(outbox)
    .where(_ROW)
    .values(state=bindparam("new_state"), settled_at=bindparam("now"), error=bindparam("new_error"))
)
_FORGET = delete(outbox).where(_ROW)
_POSTPONE = (
    update(outbox)
    .where(
        DUE, outbox.c.recipient_id == bindparam("recipient"), outbox.c.due_at <= bindparam("until")
    )
    .values(due_at=bindparam("until"), lease_until=None)
)
# Only the warning of a hold is scheduled ahead. Anything else that is not due yet was postponed, or queues behind a postponed row.
_POSTPONED = and_(
    outbox.c.due_at > bindparam("after", type_=outbox.c.due_at.type),
    or_(outbox.c.attempts > 0, outbox.c.kind != Kind.HOLD_WARNING),
)
_LONGEST_LEASE = bindparam("longest", type_=outbox.c.lease_until.type)
_OVERLONG = outbox.c.lease_until > _LONGEST_LEASE
_HELD_BACK = outbox.alias("held_back")
# Telegram said for how long to wait, and all that waits behind such a row waits as long.
_TOLD_TO_WAIT = (
    select(_HELD_BACK.c.id)
    .where(
        text("held_back.state = 'due'"),
        _HELD_BACK.c.recipient_id == outbox.c.recipient_id,
        _HELD_BACK.c.error == TOLD_TO_WAIT,
    )
    .exists()
)
_RECALLED = and_(_POSTPONED, ~_TOLD_TO_WAIT)
_SHIFTED = (
    select(outbox.c.id, outbox.c.due_at)
    .where(DUE, _POSTPONED, _TOLD_TO_WAIT)
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
_QUEUE = update(outbox).where(_ROW, DUE).values(due_at=bindparam("until"), lease_until=None)
_KEEP = update(outbox).where(_ROW, DUE).values(payload=bindparam("new_payload"))
# A lease that lapsed is taken up again; one that was dropped, as the row was put off, is not.
_HOLD = (
    update(outbox)
    .where(_ROW, DUE, outbox.c.lease_until.is_not(None))
    .values(lease_until=bindparam("lease"))
)
_RENEW = (
    update(outbox)
    .where(_ROW, DUE, outbox.c.lease_until > bindparam("now"))
    .values(lease_until=bindparam("lease"))
    .returning(outbox.c.id)
)
_DELIVERY = select(outbox.c.state, outbox.c.attempts, outbox.c.payload).where(
    outbox.c.reservation_id == bindparam("reservation"), outbox.c.kind == bindparam("of_kind")
)
_OF_RECIPIENT = outbox.c.recipient_id == bindparam("recipient")
_DROP_REPLIES = delete(outbox).where(DUE, _OF_RECIPIENT, outbox.c.kind == REPLY)
_WITHHOLD = (
    update(outbox)
    .where(DUE, _OF_RECIPIENT)
    .values(state="withheld", settled_at=bindparam("now"), error=bindparam("why"))
)
_FRESH = {"attempts": 0, "state": "due", "lease_until": None, "settled_at": None, "error": None}
_RESUME = (
    update(outbox)
    .where(WITHHELD, _OF_RECIPIENT)
    .values(_FRESH | {"due_at": case((outbox.c.due_at > _NOW, outbox.c.due_at), else_=_NOW)})
    .returning(outbox.c.id)
)
_TELL = select(func.pg_notify(CHANNEL, bindparam("news")))
# What was tried before and has to be tried again, or is an answer that queues already: nothing new may overtake it.
_WAITING = or_(outbox.c.attempts > 0, outbox.c.kind == REPLY)
_WAITS = (
    select(func.max(outbox.c.due_at).label("until"))
    .where(DUE, outbox.c.recipient_id == bindparam("recipient"), _WAITING)
    .subquery()
)
_REPORT = insert(outbox).values(_FRESH)
_QUEUED = ("recipient_id", "kind", "reservation_id")
_TOLD = (*_QUEUED, "due_at")


def _put_in(db: Any) -> Any:
    """Put notifications in as new ones, and the same again where there are such."""
    rows = rows_given(db, *(outbox.c[name] for name in _TOLD)).add_columns(
        literal("due"), literal(0)
    )
    put_in = db.insert(outbox).from_select([*_TOLD, "state", "attempts"], rows)
    again = {**_FRESH, "due_at": put_in.excluded.due_at}
    return put_in.on_conflict_do_update(index_elements=["reservation_id", "kind"], set_=again)


def _queues(db: Any) -> Any:
    """Ask until when the last of what waits for people is put off, without what is put in anew: nothing queues behind itself."""
    told = rows_given(db, *(outbox.c[name] for name in _QUEUED)).cte("told")
    anew = (
        select(told.c.kind)
        .where(told.c.reservation_id == outbox.c.reservation_id, told.c.kind == outbox.c.kind)
        .exists()
    )
    theirs = outbox.c.recipient_id.in_(select(told.c.recipient_id))
    return (
        select(outbox.c.recipient_id, func.max(outbox.c.due_at))
        .where(DUE, theirs, _WAITING, ~anew)
        .group_by(outbox.c.recipient_id)
    )


_NOTIFY, _QUEUES = PerDatabase(_put_in), PerDatabase(_queues)


_AT_ONCE = and_(_WAITS.c.until.is_(None), bindparam("queued", type_=Integer()) == 0)


def _unless_queued(name: str) -> ColumnElement[Any]:
    """Return a value for a reply that its process sends itself, and NULL for one that is queued."""
    return case((_AT_ONCE, bindparam(name, type_=outbox.c[name].type))).label(name)


_REPLIED = {
    "recipient_id": bindparam("recipient", type_=outbox.c.recipient_id.type),
    "kind": literal(REPLY),
    "payload": bindparam("payload", type_=outbox.c.payload.type),
    "due_at": case((_WAITS.c.until > _NOW, _WAITS.c.until), else_=_NOW),
    "state": literal("due"),
    "attempts": case((_AT_ONCE, 1), else_=0),
    "lease_until": _unless_queued("lease_until"),
    "leased_by": _unless_queued("leased_by"),
}
_REPLY = (
    insert(outbox)
    .from_select([*_REPLIED], select(*_REPLIED.values()))
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
_RELEASE_UNHEARD_OF = (
    update(outbox)
    .where(
        _LEASED,
        outbox.c.leased_by == bindparam("mine"),
        outbox.c.lease_until <= bindparam("until"),
        outbox.c.id.not_in(bindparam("besides", expanding=True)),
    )
    .values(lease_until=None)
    .returning(outbox.c.id)
)


class SqlOutbox:
    """Implements ``domain.ports.Outbox``, and what delivery needs beside that."""

    def __init__(self, connection: Executor, replica: int = 0) -> None:
        """Work on this connection; ``replica`` is whose leases are taken."""
        self._connection = connection
        self._replica = replica
        self.earliest: datetime | None = None

    async def notify(self, notifications: Iterable[Notification]) -> None:
        """Put notifications in; one of the same kind and reservation is put in once, and again where a hold was moved."""
        # PostgreSQL puts no row in twice with one statement; the last word counts, as if each came by itself.
        told = list({(n.reservation_id, n.kind): n for n in notifications}.values())
        if not told:
            return
        self.earliest = min(filter(None, [self.earliest, *(n.due_at for n in told)]))
        rows = [
            {
                "recipient_id": n.recipient_id,
                "kind": n.kind,
                "reservation_id": n.reservation_id,
                "due_at": n.due_at,
            }
            for n in told
        ]
        parameter = given(self._connection, await self._queued(rows))
        await self._connection.execute(
            _NOTIFY.on(self._connection), parameter, patient=len(rows) > FEW
        )

    async def delivery_of(self, kind: Kind, reservation_id: int) -> DeliveryRecord | None:
        """Return what is known about the delivery of a notification, or None where there was none or its row was deleted."""
        found = await self._connection.execute(
            _DELIVERY, {"reservation": reservation_id, "of_kind": kind}
        )
        if (row := found.one_or_none()) is None:
            return None
        return DeliveryRecord(row.state, row.attempts, not_delivered(row.payload))

    async def reply(
        self,
        recipient_id: int,
        payload: Mapping[str, object],
        now: datetime,
        *,
        queued: bool = False,
    ) -> OutboxRow:
        """Put the answer to an update in, leased to the process that commits it. It sends the answer itself; the sweep only if it dies.

        Where something older waits for the same person, the answer queues behind it instead, and so does one that is to be ``queued``: it
        has no attempts then, and the sweep sends it.
        """
        leased = {"lease_until": now + LEASE, "leased_by": self._replica}
        told = {
            "recipient": recipient_id,
            "payload": dict(payload),
            "now": now,
            "queued": int(queued),
            **leased,
        }
        number, due, attempts = (await self._connection.execute(_REPLY, told)).one()
        return OutboxRow(number, recipient_id, REPLY, None, payload, due, attempts)

    async def report(
        self, recipients: Sequence[int], payload: Mapping[str, object], now: datetime
    ) -> None:
        """Put what the admins are to be told in, once for each."""
        rows = [
            {"recipient_id": each, "kind": DIGEST, "payload": dict(payload), "due_at": now}
            for each in recipients
        ]
        await self._connection.execute(_REPORT, await self._queued(rows))

    async def claim(
        self, now: datetime, limit: int, *, news: int | None = None
    ) -> Sequence[OutboxRow]:
        """Lease to the caller what is due, the first thing for each person, oldest first: so many answers, and ``news`` of all else.

        Where ``news`` is None, the limit is for both together, and answers go first.
        """
        leased = {"now": now, "lease": now + LEASE, "mine": self._replica}
        rows = list(await self._connection.execute(_CLAIM_REPLIES, {**leased, "limit": limit}))
        if (rest := limit - len(rows) if news is None else news) > 0:
            rows += await self._connection.execute(_CLAIM_NEWS, {**leased, "limit": rest})
        return sorted(
            (OutboxRow(**row._asdict()) for row in rows), key=lambda row: (row.due_at, row.id)
        )

    async def renew(self, row: OutboxRow, now: datetime) -> bool:
        """Lease a row anew; False where it is not the claimer's any more: settled, put off or put in anew, or its lease is over."""
        leased = {"row": row.id, "tries": row.attempts, "now": now, "lease": now + LEASE}
        return bool(await self._connection.execute(_RENEW, leased))

    async def renew_all(self, rows: Collection[OutboxRow], now: datetime) -> None:
        """Lease rows in hand once more, unless another process has claimed them since their leases ended."""
        for row in rows:
            await self._connection.execute(
                _HOLD, {"row": row.id, "tries": row.attempts, "lease": now + LEASE}
            )

    async def next_due(self) -> datetime | None:
        """Return when the next row can be claimed, or None where none waits."""
        earliest: datetime | None = await self._connection.scalar(_NEXT)
        return earliest

    async def backlog(self, now: datetime) -> Backlog:
        """Return how much is due and not told yet, that in hand included."""
        depth, oldest = (await self._connection.execute(_BACKLOG, {"now": now})).one()
        return Backlog(depth, oldest)

    async def record_result(
        self, row: OutboxRow, state: str, now: datetime, error: str | None = None
    ) -> datetime | None:
        """Note that a claimed row is sent, skipped or parked; one put in anew since then stays due.

        Return when the next thing for the same person falls due, or None where nothing does. A reply that is sent is forgotten: nobody has
        to be told of it twice.
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
            _NEXT_OF, {"recipient": row.recipient_id}
        )
        return following

    async def postpone(self, row: OutboxRow, until: datetime, error: str) -> None:
        """Try a row again later, and with it all that waits for the same person, so that nothing overtakes it."""
        await self._connection.execute(
            _NOTE_ERROR, {"row": row.id, "tries": row.attempts, "new_error": error}
        )
        await self._connection.execute(_POSTPONE, {"recipient": row.recipient_id, "until": until})

    async def queue(self, row: OutboxRow, until: datetime) -> None:
        """Have an answer that was to be sent at once sent by the sweep, no earlier than ``until``."""
        await self._connection.execute(
            _QUEUE, {"row": row.id, "tries": row.attempts, "until": until}
        )

    async def recall_postponed(
        self, now: datetime, *, after: datetime, by: timedelta | None = None
    ) -> int:
        """Make due now what was postponed to an instant beyond ``after``, and return how many rows changed.

        For a clock that was set back: such instants, and leases that end later than a lease taken now, are of the clock before.
        Leases are kept, but cut to the usual length. Where Telegram said for how long to wait, the row falls due earlier ``by`` the jump of
        the clock, so that it waits as long as it was told; where the jump is not known, only if it would wait for more than a day.
        """
        beyond = now + _LONGEST_SILENCE if by is None else after
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
        """Keep what is left of an answer, whose first part was told before the rest can be."""
        await self._connection.execute(
            _KEEP, {"row": row.id, "tries": row.attempts, "new_payload": dict(payload)}
        )

    async def withhold(self, recipient_id: int, now: datetime, why: str) -> None:
        """Put aside all news for a person who cannot be reached, and drop the answers to what he did: they mean nothing later."""
        await self._connection.execute(_DROP_REPLIES, {"recipient": recipient_id})
        await self._connection.execute(
            _WITHHOLD, {"recipient": recipient_id, "now": now, "why": why}
        )

    async def resume(self, recipient_id: int, now: datetime) -> None:
        """Make due again what was put aside for a person who can be reached again; what no longer holds will be skipped then."""
        resumed = await self._connection.execute(_RESUME, {"recipient": recipient_id, "now": now})
        if resumed:
            self.earliest = now

    async def lease_holders(self) -> Collection[int]:
        """Return the numbers of the replicas that have something leased."""
        return await self._connection.scalars(_HOLDERS)

    async def release_leases(self, holders: Collection[int]) -> int:
        """Make due at once what these replicas have leased, and return how many rows that is."""
        return (
            len(await self._connection.execute(_RELEASE, {"holders": sorted(holders)}))
            if holders
            else 0
        )

    async def release_unknown_leases(self, since: datetime, *, besides: Collection[int]) -> int:
        """Make due at once what this replica leased before ``since`` without knowing of it, and return how many rows that is.

        It was cut off before it heard that the claim was committed; what it knows of are the rows ``besides``.
        """
        theirs = {"mine": self._replica, "until": since + LEASE, "besides": sorted(besides)}
        return len(await self._connection.execute(_RELEASE_UNHEARD_OF, theirs))

    async def _queued(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Have rows fall due no earlier than what waits for the same person already."""
        told = given(self._connection, [{name: row.get(name) for name in _QUEUED} for row in rows])
        queues: dict[int, datetime] = dict(
            (await self._connection.execute(_QUEUES.on(self._connection), told)).rows
        )
        return (
            [
                {
                    **row,
                    "due_at": max(row["due_at"], queues.get(row["recipient_id"], row["due_at"])),
                }
                for row in rows
            ]
            if queues
            else rows
        )

    async def tell_replicas(self) -> None:
        """Tell all replicas, once this commits, when something that was put in falls due; where there can be one only, nobody is told."""
        if self.earliest is not None and self._connection.dialect.name == "postgresql":
            due = (self.earliest - _EPOCH) // timedelta(microseconds=1)
            await self._connection.execute(_TELL, {"news": f"{self._replica} {due}"})
