"""Previews of notifications and of the admins' summary."""

from datetime import timedelta

from bot.notifications.admin_screens import summary_screen
from bot.notifications.screens import (
    booking_confirmed,
    cancelled_by_client,
    cancelled_by_provider,
    cancelled_by_team,
    hold_expired,
    hold_warning,
)
from domain.operations.incident import Incident, IncidentKind
from tests.kit.preview import Previews
from tests.kit.screens import (
    ALICE,
    BOOKED,
    CANCELLED_BY_CLIENT,
    CANCELLED_BY_PROVIDER,
    DORA,
    EXPIRED,
    HELD,
)

PREVIEWS = Previews()
PREVIEWS.add(hold_warning, all=lambda by: hold_warning(by, HELD, DORA, timedelta(minutes=5)))
PREVIEWS.add(
    hold_expired,
    still_free=lambda by: hold_expired(by, EXPIRED, DORA, free=True),
    taken=lambda by: hold_expired(by, EXPIRED, DORA, free=False),
)
PREVIEWS.add(booking_confirmed, all=lambda by: booking_confirmed(by, BOOKED, ALICE))
PREVIEWS.add(
    cancelled_by_client, all=lambda by: cancelled_by_client(by, CANCELLED_BY_CLIENT, ALICE)
)
PREVIEWS.add(
    cancelled_by_provider, all=lambda by: cancelled_by_provider(by, CANCELLED_BY_PROVIDER, DORA)
)
PREVIEWS.add(
    cancelled_by_team,
    own=lambda by: cancelled_by_team(by, CANCELLED_BY_PROVIDER, ALICE),
    of_another=lambda by: cancelled_by_team(by, CANCELLED_BY_PROVIDER, ALICE, DORA),
)
PREVIEWS.add(
    summary_screen,
    every_kind=lambda by: summary_screen(
        by, [Incident(kind, 2, "OSError") for kind in IncidentKind]
    ),
)
