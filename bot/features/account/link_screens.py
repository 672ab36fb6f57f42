"""The link to a provider's free times."""

from collections.abc import Sequence

from bot.buttons.people import LinkOf, Open
from bot.messages.screen import Screen
from bot.ui.keyboards import button
from bot.ui.links import share
from bot.ui.locale import UserLocale
from domain.provider import Provider

MOST_PROVIDERS = 90


def provider_link(locale: UserLocale, link: str, of: Provider | None = None) -> Screen:
    """Return a provider's link, with a hint where to publish it.

    ``of`` is the provider if that is not the reader.
    """
    t = locale.t
    text = t("link.text_of", link=link, provider=of.label) if of else t("link.text", link=link)
    return Screen(text, share(locale, link))


def qr_caption(locale: UserLocale, provider: Provider) -> str:
    """Return the caption of the QR code of a provider's link."""
    return locale.t("link.qr", name=provider.name)


def unknown_link(locale: UserLocale) -> Screen:
    """Say that a link leads to no provider, with a button to the providers there are."""
    return Screen(
        locale.t("link.unknown"), ((button(locale.t.plain("button.book"), Open("book")),),)
    )


def whose_link(locale: UserLocale, providers: Sequence[Provider]) -> Screen:
    """Ask for the provider whose link is wanted; others can be typed behind the command."""
    rows = tuple((button(each.label, LinkOf(each.id)),) for each in providers[:MOST_PROVIDERS])
    return Screen(locale.t("link.whose"), rows)
