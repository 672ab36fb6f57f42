"""What a person reads where a rule refused them something."""

from collections.abc import Callable
from datetime import timedelta

from bot.messages.screen import Screen
from bot.ui.locale import UserLocale
from bot.ui.refusals import refused
from domain import errors
from tests.kit.preview import Previews
from tests.kit.refusals import refusals_of

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
    refused, provider_only_to_an_admin=lambda by: refused(by, errors.ProviderOnly(), admin=True)
)
