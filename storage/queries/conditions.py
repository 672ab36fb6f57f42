"""Conditions that several queries share."""

from sqlalchemy import ColumnElement, and_, bindparam, or_

from storage.tables import busy, reservation
from storage.types import Instant

PROVIDER, CLIENT = 0, 1
"""The kinds of subject whose time a busy cell takes."""

NOW = bindparam("now", type_=Instant())
LIVE = or_(
    reservation.c.status == "confirmed",
    and_(reservation.c.status == "held", reservation.c.expires_at > NOW),
)


def cells_of(kind: int, subject: str) -> ColumnElement[bool]:
    """Return the condition for the busy cells of a provider or client within a window."""
    return and_(
        busy.c.kind == kind,
        busy.c.subject == bindparam(subject),
        busy.c.cell >= bindparam("first"),
        busy.c.cell < bindparam("last"),
    )
