"""Links to be passed on: to a provider's free times, and the invitation to become one."""

from datetime import datetime
from urllib.parse import quote

from bot.buttons import Open
from bot.messages.screen import Button, Rows, Screen
from bot.ui.keyboards import button
from bot.ui.locale import Reader
from domain.provider import Provider


def provider_link(reader: Reader, link: str) -> Screen:
    """Return a provider's link, with a hint where to put it."""
    return Screen(reader.t("link.text", link=link), _pass_on(reader, link))


def qr_caption(reader: Reader, provider: Provider) -> str:
    """Return what stands below the picture of a provider's link."""
    return reader.t("link.qr", name=provider.name)


def invitation(reader: Reader, link: str, ends: datetime) -> Screen:
    """Return an invitation, until when it can be used, and how to pass it on."""
    t, times = reader.t, reader.times
    return Screen(
        t("invite.text", link=link, until=times.date_and_time(ends), zone=reader.in_zone()),
        _pass_on(reader, link),
    )


def unknown_link(reader: Reader) -> Screen:
    """Tell that a link leads to no provider, and where to find those there are."""
    return Screen(
        reader.t("link.unknown"), ((button(reader.t.plain("button.book"), Open("book")),),)
    )


def _pass_on(reader: Reader, link: str) -> Rows:
    """Return a button by which Telegram lets one choose whom to send a link to."""
    return (
        (
            Button(
                reader.t.plain("button.pass_on"),
                url=f"https://t.me/share/url?url={quote(link, safe='')}",
            ),
        ),
    )
