"""The screens of removing an assistant: which one, one question, and what follows."""

from collections.abc import Sequence

from bot.buttons.invite import AskDismissal, AssistantList, DismissAssistant, InviteAssistant
from bot.features.invite.screens import back
from bot.messages.screen import Screen
from bot.ui.keyboards import button, pager
from bot.ui.locale import UserLocale
from domain.provider import Assistance


def which_assistant(
    locale: UserLocale, found: Sequence[Assistance], *, page: int, pages: int
) -> Screen:
    """Ask which assistant of which provider to remove."""
    t = locale.t
    rows = tuple(
        (
            button(
                t.plain(
                    "invite.assistance",
                    assistant=each.assistant.name,
                    provider=each.provider.label,
                ),
                AskDismissal(each.assistant.id, each.provider.id),
            ),
        )
        for each in found
    )
    key = "invite.whom_to_remove" if found else "invite.no_assistants"
    return Screen(t(key), (*rows, *pager(page, pages, AssistantList), *back(locale)))


def dismissal_to_confirm(locale: UserLocale, assistance: Assistance, *, is_last: bool) -> Screen:
    """Ask whether to remove an assistant; say so if nobody can book the provider then."""
    t, assistant, provider = locale.t, assistance.assistant, assistance.provider
    text = t("invite.remove_ask", assistant=assistant.name, provider=provider.label)
    if is_last:
        text += "\n\n" + t("invite.remove_last", provider=provider.label)
    remove = DismissAssistant(assistant.id, provider.id, int(is_last))
    return Screen(
        text,
        (
            (button(t.plain("invite.button.remove_now"), remove),),
            (button(t.plain("button.back"), AssistantList()),),
        ),
    )


def dismissed(locale: UserLocale, assistance: Assistance) -> Screen:
    """Say that an assistant was removed, with a button to invite another one."""
    t, provider = locale.t, assistance.provider
    another = button(t.plain("invite.button.assistant_of"), InviteAssistant(provider.id))
    text = t("invite.removed", assistant=assistance.assistant.name, provider=provider.label)
    return Screen(text, ((another,), *back(locale)))
