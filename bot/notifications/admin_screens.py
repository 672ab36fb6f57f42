"""The summary of incidents that admins are sent."""

from collections.abc import Sequence

from bot.messages.screen import Screen
from bot.ui.links import openings
from bot.ui.locale import UserLocale
from domain.operations.incident import Incident, IncidentKind
from domain.provider import Provider

_TEXTS = {
    IncidentKind.UPDATE_SET_ASIDE: "digest.update_set_aside",
    IncidentKind.MESSAGE_REFUSED: "digest.message_refused",
    IncidentKind.MESSAGE_BROKEN: "digest.message_broken",
    IncidentKind.JOB_FAILED: "digest.job_failed",
    IncidentKind.DATABASE_AWAY: "digest.database_away",
}


def unreachable_screen(locale: UserLocale, provider: Provider) -> Screen:
    """Say that a provider cannot be booked, because no one would learn of the booking."""
    return Screen(
        locale.t("news.provider_unreachable", provider=provider.label),
        openings(locale, ("invite",)),
    )


def reachable_screen(locale: UserLocale, provider: Provider) -> Screen:
    """Say that a provider can be booked again."""
    return Screen(locale.t("news.provider_reachable", provider=provider.label))


def summary_screen(locale: UserLocale, incidents: Sequence[Incident]) -> Screen:
    """Return a screen that says what went wrong, how often, and what to do."""
    lines = "\n".join(
        locale.t.count(_TEXTS[each.kind], each.count, error=each.error) for each in incidents
    )
    return Screen(f"{locale.t('digest.head')}\n\n{lines}\n\n{locale.t('digest.what_to_do')}")
