"""What a person reads where a rule refused them something."""

from collections.abc import Callable
from datetime import timedelta

from bot.messages.screen import Screen
from bot.ui.command_menu import Roles
from bot.ui.locale import UserLocale
from bot.ui.refusals import refused
from domain import errors
from domain.provider import Acting, Role
from tests.kit.preview import Previews
from tests.kit.refusals import refusals_of
from tests.kit.screens import DORA

VALUES = {
    "notice_period": timedelta(hours=1),
    "booking_horizon": timedelta(days=60),
    "limit": 3,
    "provider": "Dora",
}


def _of(kind: type[errors.Refusal]) -> Callable[[UserLocale], Screen]:
    return lambda by: refused(by, kind(**VALUES))


PREVIEWS = Previews()
PREVIEWS.add(refused, **{kind.code: _of(kind) for kind in refusals_of()})
PREVIEWS.add(
    refused,
    provider_only_to_an_admin=lambda by: refused(by, errors.ProviderOnly(), Roles(admin=True)),
    no_one_notified_of_the_reader=lambda by: refused(
        by, errors.NoOneNotified(provider=DORA.label), Roles((Acting(DORA, Role.SELF),))
    ),
    already_acting_for_others_alone=lambda by: refused(
        by, errors.AlreadyActing(provider=DORA.label), Roles((Acting(DORA, Role.ASSISTANT),))
    ),
)
