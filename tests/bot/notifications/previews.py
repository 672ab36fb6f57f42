"""Previews of notifications and of the admins' summary."""

from datetime import timedelta

from bot.notifications.admin_screens import reachable_screen, summary_screen, unreachable_screen
from bot.notifications.missed import missed_screen
from bot.notifications.screens import (
    assistant_removed,
    booking_confirmed,
    cancelled_by_client,
    cancelled_by_provider,
    cancelled_by_team,
    handed_over,
    hold_expired,
    hold_warning,
    someone_joined,
    someone_left,
)
from bot.ui.command_menu import Roles
from bot.ui.locale import UserLocale
from domain.invitation import InvitationKind
from domain.operations.incident import Incident, IncidentKind
from domain.provider import Acting, Role
from tests.kit.preview import Previews
from tests.kit.screens import (
    ALICE,
    BOB,
    BOOKED,
    CANCELLED_BY_CLIENT,
    CANCELLED_BY_PROVIDER,
    DORA,
    EMIL,
    EXPIRED,
    HELD,
)

PROVIDER = Roles((Acting(DORA, Role.SELF),))
ASSISTANT = Roles((Acting(EMIL, Role.ASSISTANT),))

PREVIEWS = Previews()
PREVIEWS.add(hold_warning, all=lambda by: hold_warning(by, HELD, DORA, timedelta(minutes=5)))
PREVIEWS.add(
    hold_expired,
    still_free=lambda by: hold_expired(by, EXPIRED, DORA, free=True),
    taken=lambda by: hold_expired(by, EXPIRED, DORA, free=False),
)
PREVIEWS.add(
    booking_confirmed,
    own=lambda by: booking_confirmed(by, BOOKED, ALICE),
    of_another_provider=lambda by: booking_confirmed(by, BOOKED, ALICE, DORA),
)
PREVIEWS.add(
    cancelled_by_client,
    own=lambda by: cancelled_by_client(by, CANCELLED_BY_CLIENT, ALICE),
    of_another_provider=lambda by: cancelled_by_client(by, CANCELLED_BY_CLIENT, ALICE, DORA),
)
PREVIEWS.add(
    cancelled_by_provider, all=lambda by: cancelled_by_provider(by, CANCELLED_BY_PROVIDER, DORA)
)
PREVIEWS.add(
    cancelled_by_team,
    own=lambda by: cancelled_by_team(by, CANCELLED_BY_PROVIDER, ALICE, BOB),
    of_another=lambda by: cancelled_by_team(by, CANCELLED_BY_PROVIDER, ALICE, BOB, DORA),
)
PREVIEWS.add(
    summary_screen,
    every_kind=lambda by: summary_screen(
        by, [Incident(kind, 2, "OSError") for kind in IncidentKind]
    ),
)
PREVIEWS.add(
    assistant_removed,
    client_now=lambda by: assistant_removed(by, DORA, Roles()),
    still_assists_another=lambda by: assistant_removed(by, DORA, ASSISTANT),
)
PREVIEWS.add(handed_over, all=lambda by: handed_over(by, DORA, Roles()))
PREVIEWS.add(unreachable_screen, all=lambda by: unreachable_screen(by, DORA))
PREVIEWS.add(reachable_screen, all=lambda by: reachable_screen(by, DORA))
PREVIEWS.add(
    someone_joined,
    provider=lambda by: someone_joined(by, InvitationKind.PROVIDER, "Rita", None),
    assistant=lambda by: someone_joined(by, InvitationKind.ASSISTANT, "Rita", DORA),
    new_account=lambda by: someone_joined(by, InvitationKind.HANDOVER, "Rita", DORA),
    admin=lambda by: someone_joined(by, InvitationKind.ADMIN, "Rita", None),
)
PREVIEWS.add(someone_left, all=lambda by: someone_left(by, "Rita", DORA))
PREVIEWS.add(
    missed_screen,
    client=lambda by: missed_screen(by, _missed_texts(by, 2), Roles()),
    provider=lambda by: missed_screen(by, _missed_texts(by, 3), PROVIDER),
    assistant=lambda by: missed_screen(by, _missed_texts(by, 3), ASSISTANT),
    more_than_fits=lambda by: missed_screen(by, _missed_texts(by, 60), PROVIDER),
)


def _missed_texts(by: UserLocale, count: int) -> list[str]:
    """Return the texts of so many notifications."""
    return [booking_confirmed(by, BOOKED, ALICE).text] * count
