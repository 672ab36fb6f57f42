"""Links to share: to a provider's free times, and the invitation to become a provider."""

from datetime import datetime
from urllib.parse import quote

from bot.buttons.people import Open
from bot.messages.screen import Button, Rows, Screen
from bot.ui.keyboards import button
from bot.ui.locale import UserLocale
from domain.provider import Provider


def provider_link(locale: UserLocale, link: str) -> Screen:
    """Return a provider's link, with a hint where to publish it."""
    return Screen(locale.t("link.text", link=link), _share(locale, link))


def qr_caption(locale: UserLocale, provider: Provider) -> str:
    """Return the caption of the QR code of a provider's link."""
    return locale.t("link.qr", name=provider.name)


def invitation(locale: UserLocale, link: str, ends: datetime) -> Screen:
    """Return an invitation, when it ends, and how to send it."""
    t, times = locale.t, locale.times
    return Screen(
        t("invite.text", link=link, until=times.date_and_time(ends), zone=locale.in_zone()),
        _share(locale, link),
    )


def unknown_link(locale: UserLocale) -> Screen:
    """Say that a link leads to no provider, with a button to the providers there are."""
    return Screen(
        locale.t("link.unknown"), ((button(locale.t.plain("button.book"), Open("book")),),)
    )


def _share(locale: UserLocale, link: str) -> Rows:
    """Return the button that opens Telegram's list of chats to send a link to."""
    return (
        (
            Button(
                locale.t.plain("button.pass_on"),
                url=f"https://t.me/share/url?url={quote(link, safe='')}",
            ),
        ),
    )
