"""What screens read, in one place; nothing here changes or locks a row."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import reduce

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
    union,
    union_all,
)

from domain.notification import Subject
from domain.operations.outbox import DeliveryRecord, not_delivered
from domain.person import Person
from domain.provider import SPELLINGS, Acting, Assistance, Provider, Role, name_key, spelling_key
from domain.reservation import Reservation
from domain.timespan import TimeSpan, cell_with
from storage.engine.executor import Executor
from storage.queries.conditions import CLIENT, LIVE, NOW, PROVIDER, cells_of
from storage.queries.rows import (
    PERSON,
    REACHABLE,
    SHARES_NAME,
    provider_of,
    reachable_staff,
    reservation_of,
)
from storage.queries.rows import PROVIDER as PROVIDER_COLUMNS
from storage.sql.functions import json_list, position
from storage.tables import (
    ADMIN,
    acts_for,
    availability,
    busy,
    history,
    outbox,
    person,
    provider,
    reservation,
)

_PERSON = select(*PERSON).where(person.c.id == bindparam("person"))
_ACCOUNT = select(*PERSON).where(person.c.telegram_id == bindparam("account"))
_ADMINS = union(
    select(*PERSON).where(ADMIN),
    select(*PERSON).where(person.c.telegram_id.in_(bindparam("accounts", expanding=True))),
).order_by("id")
_ACTOR = (
    select(*PERSON)
    .join(history, history.c.actor_id == person.c.id)
    .where(
        history.c.reservation_id == bindparam("reservation"),
        history.c.revision == bindparam("revision"),
    )
)
_GUESTS = (
    select(*PERSON)
    .where(person.c.guest_of == bindparam("provider"))
    .order_by(person.c.name, person.c.id)
)
_PROVIDER = select(*PROVIDER_COLUMNS).where(provider.c.id == bindparam("provider"))
_BY_SLUG = select(*PROVIDER_COLUMNS).where(provider.c.slug == bindparam("wanted"))
_ACTING_FOR = (
    select(*PROVIDER_COLUMNS, acts_for.c.role, acts_for.c.notified)
    .join(acts_for, acts_for.c.provider_id == provider.c.id)
    .where(acts_for.c.person_id == bindparam("person"))
    .order_by(case((acts_for.c.role == Role.SELF, 0), else_=1), provider.c.name_key, provider.c.id)
)
_SELF = acts_for.alias("themselves")
_WITHOUT_ACCOUNT = select(acts_for.c.provider_id).where(
    acts_for.c.person_id == bindparam("person"),
    ~select(_SELF.c.person_id)
    .where(_SELF.c.provider_id == acts_for.c.provider_id, text("themselves.role = 'self'"))
    .exists(),
)
_TEAM = (
    select(acts_for.c.person_id)
    .where(acts_for.c.provider_id == bindparam("provider"))
    .order_by(acts_for.c.person_id)
)
_STAFF = _TEAM.where(acts_for.c.notified == 1)
_REACHABLE_STAFF = reachable_staff(bindparam("provider"))
_ASSISTS = acts_for.c.role == Role.ASSISTANT
_ASSISTANTS = (
    select(*PROVIDER_COLUMNS, *PERSON)
    .join(acts_for, acts_for.c.provider_id == provider.c.id)
    .join(person, person.c.id == acts_for.c.person_id)
    .where(_ASSISTS)
    .order_by(person.c.name, person.c.id, provider.c.name_key, provider.c.id)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_COUNT_ASSISTANTS = select(func.count()).select_from(acts_for).where(_ASSISTS)
# The part may occur anywhere in a name, so this reads the whole index of names: a few milliseconds
# for ten thousand.
_PART = bindparam("part", type_=String())
_LABEL = provider.c.name_key + " (" + provider.c.slug + ")"
# Other spellings match whole words only. Otherwise "Sue" would find Susan.
_WORDS = bindparam("words", type_=String())
_SPELLING_KEY: ColumnElement[str] = reduce(
    lambda key, spelling: func.replace(key, *spelling), SPELLINGS, provider.c.name_key
)
_CLIENT = bindparam("client", type_=Integer())
_IS_CLIENT = (
    select(acts_for.c.person_id)
    .where(
        acts_for.c.provider_id == provider.c.id,
        acts_for.c.person_id == _CLIENT,
        acts_for.c.role == Role.SELF,
    )
    .exists()
)
_MATCHES = (
    or_(
        position(provider.c.name_key, _PART) > 0,
        position(" " + _SPELLING_KEY + " ", _WORDS) > 0,
        provider.c.slug == _PART,
        # Clients see this label if a name is not unique, and may type it: completely at any time,
        # or a part of it while the name is not unique.
        _LABEL == _PART,
        and_(position(_LABEL, _PART) > 0, SHARES_NAME),
    ),
    or_(_CLIENT.is_(None), and_(REACHABLE, ~_IS_CLIENT)),
)
_FIND = (
    select(*PROVIDER_COLUMNS)
    .where(*_MATCHES)
    .order_by(provider.c.name_key, provider.c.id)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_COUNT = select(func.count()).select_from(provider).where(*_MATCHES)
_HOURS_IN_WINDOW = (
    availability.c.end_cell > bindparam("first"),
    availability.c.start_cell < bindparam("last"),
)
_OPEN_HOURS = (
    select(availability.c.start_cell, availability.c.end_cell)
    .where(availability.c.provider_id == bindparam("provider"), *_HOURS_IN_WINDOW)
    .order_by(availability.c.end_cell)
)
_RESERVATION = select(reservation).where(reservation.c.id == bindparam("wanted"))
_BOOKINGS = (
    select(reservation)
    .where(
        reservation.c.client_id == bindparam("client"),
        reservation.c.end_cell > bindparam("first"),
        LIVE,
    )
    .order_by(reservation.c.start_cell)
)
_HOLDS = (
    select(func.count())
    .select_from(reservation)
    .where(
        reservation.c.client_id == bindparam("client"),
        reservation.c.end_cell > bindparam("first"),
        reservation.c.status == "held",
        reservation.c.expires_at > NOW,
    )
)
_VISITS_IN_WINDOW = (
    reservation.c.end_cell > bindparam("first"),
    reservation.c.start_cell < bindparam("last"),
    or_(LIVE, reservation.c.status == "completed"),
)
AGENDA = (
    select(reservation)
    .where(reservation.c.provider_id == bindparam("provider"), *_VISITS_IN_WINDOW)
    .order_by(reservation.c.start_cell)
)
# Of all providers that a person acts for, in one query however many there are.
_OF_PERSON = acts_for.c.person_id == bindparam("person")
_TEAM_AGENDA = (
    select(reservation)
    .join(acts_for, acts_for.c.provider_id == reservation.c.provider_id)
    .where(_OF_PERSON, *_VISITS_IN_WINDOW)
    .order_by(reservation.c.start_cell, reservation.c.id)
)
_TEAM_HOURS = (
    select(availability.c.start_cell, availability.c.end_cell)
    .join(acts_for, acts_for.c.provider_id == availability.c.provider_id)
    .where(_OF_PERSON, *_HOURS_IN_WINDOW)
    .order_by(availability.c.end_cell)
)


def _taken_by(kind: int, subject: str) -> ColumnElement[bool]:
    """Return the condition for the cells that live reservations take in a window, except one."""
    live = or_(busy.c.hold_until.is_(None), busy.c.hold_until > NOW)
    return and_(cells_of(kind, subject), live, busy.c.reservation_id != bindparam("excluding"))


_CLIENT_CELLS = select(busy.c.cell).where(_taken_by(CLIENT, "client"))
# A month of a crowded calendar has thousands of cells, and a row for each costs more than reading
# them.
_TAKEN_CELLS = union_all(
    *(
        select(json_list(busy.c.cell)).where(_taken_by(kind, subject))
        for kind, subject in ((PROVIDER, "provider"), (CLIENT, "client"))
    )
)
_DELIVERY = (
    select(outbox.c.id, outbox.c.state, outbox.c.attempts, outbox.c.payload)
    .where(
        outbox.c.subject_id == bindparam("subject"),
        outbox.c.subject_kind == bindparam("subject_kind"),
        outbox.c.kind == bindparam("of_kind"),
        outbox.c.recipient_id == bindparam("recipient"),
    )
    .order_by(outbox.c.revision.desc(), outbox.c.id.desc())
    .limit(1)
)


class SqlQueries:
    """Implements ``domain.queries.Queries``."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def person(self, person_id: int) -> Person | None:
        """Return a person."""
        found = await self._connection.execute(_PERSON, {"person": person_id})
        return Person(**row._asdict()) if (row := found.one_or_none()) else None

    async def account(self, telegram_id: int) -> Person | None:
        """Return the person with a Telegram account."""
        found = await self._connection.execute(_ACCOUNT, {"account": telegram_id})
        return Person(**row._asdict()) if (row := found.one_or_none()) else None

    async def admins(self, telegram_ids: Collection[int]) -> Sequence[Person]:
        """Return the people whom admins named, and those with these Telegram user ids."""
        rows = await self._connection.execute(_ADMINS, {"accounts": sorted(telegram_ids)})
        return [Person(**row._asdict()) for row in rows]

    async def guests_of(self, provider_id: int) -> Sequence[Person]:
        """Return the guests of a provider, by name."""
        rows = await self._connection.execute(_GUESTS, {"provider": provider_id})
        return [Person(**row._asdict()) for row in rows]

    async def provider(self, provider_id: int) -> Provider | None:
        """Return a provider."""
        found = await self._connection.execute(_PROVIDER, {"provider": provider_id})
        return provider_of(row) if (row := found.one_or_none()) else None

    async def provider_by_slug(self, slug: str) -> Provider | None:
        """Return the provider with this slug."""
        found = await self._connection.execute(_BY_SLUG, {"wanted": slug})
        return provider_of(row) if (row := found.one_or_none()) else None

    async def find_providers(
        self, part: str, *, for_client: int | None, offset: int, limit: int
    ) -> Sequence[Provider]:
        """Return the providers whose name or label contains the part, or whose slug it is, by name.

        Words of a name are also found in another spelling, like "Mueller" for "Müller". For a
        client, leaves out themselves and providers whom the bot cannot notify.
        """
        wanted = {**_matching(part), "client": for_client, "offset": offset, "limit": limit}
        rows = await self._connection.execute(_FIND, wanted, long_running=bool(part))
        return [provider_of(row) for row in rows]

    async def count_providers(self, part: str, *, for_client: int | None) -> int:
        """Return how many providers ``find_providers`` finds."""
        wanted = {**_matching(part), "client": for_client}
        return int(await self._connection.scalar(_COUNT, wanted, long_running=bool(part)))

    async def acting_for(self, person_id: int) -> Sequence[Acting]:
        """Return the providers whom a person acts for: themselves first, then by name."""
        rows = await self._connection.execute(_ACTING_FOR, {"person": person_id})
        return [Acting(provider_of(row), Role(row.role), bool(row.notified)) for row in rows]

    async def without_account(self, person_id: int) -> Collection[int]:
        """Return the ids of the providers without Telegram account whom a person acts for."""
        return await self._connection.scalars(_WITHOUT_ACCOUNT, {"person": person_id})

    async def staff_of(self, provider_id: int) -> Sequence[int]:
        """Return the ids of the people who act for a provider and want their notifications."""
        return await self._connection.scalars(_STAFF, {"provider": provider_id})

    async def team_of(self, provider_id: int) -> Sequence[int]:
        """Return the ids of all people who act for a provider, notified or not."""
        return await self._connection.scalars(_TEAM, {"provider": provider_id})

    async def reachable_staff_of(self, provider_id: int) -> Sequence[int]:
        """Return the ids of the people who act for a provider and whom the bot can notify."""
        return await self._connection.scalars(_REACHABLE_STAFF, {"provider": provider_id})

    async def assistants(self, *, offset: int, limit: int) -> Sequence[Assistance]:
        """Return the assistants by name, once for each provider for whom they act."""
        rows = await self._connection.execute(_ASSISTANTS, {"offset": offset, "limit": limit})
        return [Assistance(Person(*row[len(PROVIDER_COLUMNS) :]), provider_of(row)) for row in rows]

    async def count_assistants(self) -> int:
        """Return how many rows ``assistants`` has."""
        return int(await self._connection.scalar(_COUNT_ASSISTANTS, {}))

    async def open_hours(self, provider_id: int, window: TimeSpan) -> Sequence[TimeSpan]:
        """Return the complete spans of open hours that touch the window, in order."""
        rows = await self._connection.execute(
            _OPEN_HOURS, {"provider": provider_id, "first": window.start, "last": window.end}
        )
        return [TimeSpan(start, end) for start, end in rows]

    async def reservation(self, reservation_id: int) -> Reservation | None:
        """Return a reservation."""
        found = await self._connection.execute(_RESERVATION, {"wanted": reservation_id})
        return reservation_of(row) if (row := found.one_or_none()) else None

    async def actor_of(self, reservation: Reservation) -> Person | None:
        """Return the person whose act led to this revision of a reservation, None if no one's."""
        wanted = {"reservation": reservation.id, "revision": reservation.revision}
        found = await self._connection.execute(_ACTOR, wanted)
        return Person(**row._asdict()) if (row := found.one_or_none()) else None

    async def bookings(self, client_id: int, now: datetime) -> Sequence[Reservation]:
        """Return the live reservations of a client that are not over, by start."""
        rows = await self._connection.execute(
            _BOOKINGS, {"client": client_id, "first": cell_with(now), "now": now}
        )
        return [reservation_of(row) for row in rows]

    async def agenda(
        self, provider_id: int, window: TimeSpan, now: datetime
    ) -> Sequence[Reservation]:
        """Return a provider's live and completed reservations that touch the window, by start."""
        wanted = {"provider": provider_id, "first": window.start, "last": window.end, "now": now}
        return [reservation_of(row) for row in await self._connection.execute(AGENDA, wanted)]

    async def team_agenda(
        self, person_id: int, window: TimeSpan, now: datetime
    ) -> Sequence[Reservation]:
        """Return what ``agenda`` does, of all providers for whom a person acts."""
        wanted = {"person": person_id, "first": window.start, "last": window.end, "now": now}
        return [reservation_of(row) for row in await self._connection.execute(_TEAM_AGENDA, wanted)]

    async def team_hours(self, person_id: int, window: TimeSpan) -> Sequence[TimeSpan]:
        """Return the spans of open hours that touch the window, of all those providers."""
        rows = await self._connection.execute(
            _TEAM_HOURS, {"person": person_id, "first": window.start, "last": window.end}
        )
        return [TimeSpan(start, end) for start, end in rows]

    async def taken_cells(
        self, provider_id: int, client_id: int, window: TimeSpan, now: datetime, excluding: int = 0
    ) -> Collection[int]:
        """Return the window's cells that live reservations of either take, except one's."""
        subjects = {"provider": provider_id, "client": client_id, "excluding": excluding}
        lists = await self._connection.scalars(
            _TAKEN_CELLS, {**subjects, "first": window.start, "last": window.end, "now": now}
        )
        return [cell for cells in lists if cells for cell in json.loads(cells)]

    async def client_cells(
        self, client_id: int, window: TimeSpan, now: datetime, excluding: int = 0
    ) -> Collection[int]:
        """Return the window's cells that live reservations of a client take, except one's."""
        subjects = {"client": client_id, "excluding": excluding}
        return await self._connection.scalars(
            _CLIENT_CELLS, {**subjects, "first": window.start, "last": window.end, "now": now}
        )

    async def hold_count(self, client_id: int, now: datetime) -> int:
        """Return how many live holds a client has."""
        held = {"client": client_id, "first": cell_with(now), "now": now}
        return int(await self._connection.scalar(_HOLDS, held))

    async def delivery_of(
        self,
        kind: str,
        recipient_id: int,
        subject_id: int,
        subject: Subject = Subject.RESERVATION,
    ) -> DeliveryRecord | None:
        """Return what is known about a notification's latest delivery, None without a row."""
        wanted = {
            "of_kind": kind,
            "recipient": recipient_id,
            "subject": subject_id,
            "subject_kind": subject,
        }
        found = await self._connection.execute(_DELIVERY, wanted)
        if (row := found.one_or_none()) is None:
            return None
        return DeliveryRecord(row.state, row.attempts, not_delivered(row.payload), row.id)


def _matching(part: str) -> dict[str, str]:
    """Return the parameters of a search for a part of a name."""
    return {"part": name_key(part), "words": f" {' '.join(spelling_key(part).split())} "}
