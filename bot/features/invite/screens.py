"""The screens of inviting: whom, for which provider, and the link to send."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.buttons.base import CallbackData
from bot.buttons.invite import (
    AddProvider,
    AssistantList,
    AssistantsOf,
    HandOverList,
    InviteAdmin,
    InviteAssistant,
    InviteHome,
    InviteProvider,
)
from bot.messages.screen import Rows, Screen
from bot.ui.command_menu import Roles
from bot.ui.keyboards import button, pager
from bot.ui.links import openings, share
from bot.ui.locale import UserLocale
from bot.ui.refusals import refused
from domain import errors
from domain.invitation import InvitationKind
from domain.provider import Provider

_TEXTS = {
    InvitationKind.PROVIDER: "invite.provider",
    InvitationKind.ASSISTANT: "invite.assistant",
    InvitationKind.HANDOVER: "invite.handover",
    InvitationKind.ADMIN: "invite.admin",
}


def whom(locale: UserLocale, *, any_provider: bool, any_assistant: bool = False) -> Screen:
    """Ask whom to invite; offer only what there is someone for."""
    t = locale.t
    rows: list[tuple[str, CallbackData]] = [
        ("invite.button.provider", InviteProvider()),
        ("invite.button.without_telegram", AddProvider()),
    ]
    if any_provider:
        rows.insert(1, ("invite.button.assistant", AssistantsOf()))
        rows.append(("invite.button.handover", HandOverList()))
    rows.append(("invite.button.admin", InviteAdmin()))
    if any_assistant:
        rows.append(("invite.button.remove", AssistantList()))
    return Screen(t("invite.whom"), tuple((button(t.plain(key), choice),) for key, choice in rows))


def which_provider(
    locale: UserLocale,
    key: str,
    found: Sequence[Provider],
    *,
    choose: Callable[[int], CallbackData],
    turn: Callable[[int], CallbackData],
    page: int,
    pages: int,
) -> Screen:
    """Ask for a provider; ``key`` is the question's text."""
    rows = tuple((button(each.label, choose(each.id)),) for each in found)
    return Screen(locale.t(key), (*rows, *pager(page, pages, turn), *back(locale)))


def invitation(
    locale: UserLocale,
    kind: InvitationKind,
    link: str,
    ends: datetime,
    provider: Provider | None = None,
) -> Screen:
    """Return an invitation, when it ends, and how to send it."""
    text = locale.t(
        _TEXTS[kind],
        link=link,
        until=locale.times.date_and_time(ends),
        zone=locale.in_zone(),
        provider=provider.label if provider else "",
    )
    return Screen(text, share(locale, link))


def name_wanted(locale: UserLocale) -> Screen:
    """Ask for the name of a provider without a Telegram account."""
    return Screen(locale.t("invite.name"), back(locale))


def bad_name(locale: UserLocale, refusal: errors.BadInput) -> Screen:
    """Say why a name cannot be used; another one may be typed."""
    return Screen(refused(locale, refusal).text, back(locale))


def provider_added(locale: UserLocale, provider: Provider, roles: Roles) -> Screen:
    """Say that a provider was added, and what an admin with these roles does next."""
    t = locale.t
    assistant = button(t.plain("invite.button.assistant_of"), InviteAssistant(provider.id))
    return Screen(
        t("invite.added", provider=provider.label),
        (*openings(locale, ("hours", "link"), own=roles.provider is not None), (assistant,)),
    )


def back(locale: UserLocale) -> Rows:
    """Return the way back to the question whom to invite."""
    return ((button(locale.t.plain("button.back"), InviteHome()),),)
