"""Settings: everyone's time zone and language, and a provider's public name."""

from dataclasses import replace
from enum import StrEnum

from telegram import Update
from telegram.ext import CommandHandler, ConversationHandler, MessageHandler

from bot.buttons import (
    AskLanguage,
    AskName,
    AskZone,
    ChooseLanguage,
    ChooseZone,
    Open,
    SettingsHome,
)
from bot.dialogue.context import Context
from bot.dialogue.flow import Flow, Tap
from bot.dialogue.roles import roles_of, set_menu
from bot.dialogue.typed_filters import BLANK, LINE, typed_text
from bot.features.account.settings_screens import (
    back,
    language_name,
    language_settings,
    name_settings,
    settings_home,
    zone_settings,
)
from bot.features.account.zone_choice import set_time_zone, zone_typed
from bot.ui.texts import LANGUAGES
from domain.usecases.choose_settings import choose_language
from domain.usecases.find_reservation import provider_of
from domain.usecases.join import name_provider

FLOW = "settings"


class State(StrEnum):
    """What the next typed line is read as."""

    ZONE = "zone"
    NAME = "name"


async def settings_wanted(update: Update, context: Context) -> int:
    """Show the settings."""
    return await _home(context)


async def zones_wanted(update: Update, context: Context) -> State:
    """Show the common time zones, and wait for another to be typed."""
    context.show(zone_settings(context.locale, context.request.person.time_zone))
    return State.ZONE


async def zone_tapped(update: Update, context: Context) -> int:
    """Set the tapped time zone."""
    return await _with_zone(context, context.tap(ChooseZone).zone)


async def zone_written(update: Update, context: Context) -> State | int:
    """Set the time zone of a typed city, country or zone, or offer those that match."""
    zone = zone_typed(context, typed_text(update), ChooseZone, back(context.locale))
    return State.ZONE if zone is None else await _with_zone(context, zone)


async def languages_wanted(update: Update, context: Context) -> int:
    """Show the languages."""
    context.show(language_settings(context.locale))
    return ConversationHandler.END


async def language_chosen(update: Update, context: Context) -> int:
    """Set the tapped language; for an unknown one, which must be forged, show the languages."""
    language = context.tap(ChooseLanguage).language
    if language not in LANGUAGES:
        return await languages_wanted(update, context)
    await context.act(choose_language(context.uow, context.me, language))
    context.request.person = replace(context.request.person, language=language)
    set_menu(context, await roles_of(context))
    return await _home(
        context, saved=context.t.plain("settings.language_saved", language=language_name(language))
    )


async def name_wanted(update: Update, context: Context) -> State:
    """Ask for a new public name; raises errors.ProviderOnly."""
    context.show(name_settings(context.locale, await provider_of(context.uow, context.me)))
    return State.NAME


async def name_typed(update: Update, context: Context) -> int:
    """Set the typed public name. The link stays, since clients may have it."""
    provider = await context.act(
        name_provider(context.uow, context.me, typed_text(update), keep_slug=True)
    )
    return await _home(context, saved=context.t("settings.name_saved", name=provider.label))


async def _with_zone(context: Context, zone: str) -> int:
    """Set a time zone, and show the settings in it."""
    await set_time_zone(context, zone)
    return await _home(
        context, saved=context.t.plain("settings.zone_saved", zone=context.times.zone_city)
    )


async def _home(context: Context, *, saved: str = "") -> int:
    """Show the settings, and what was saved: in the answer to a tap, else above the settings."""
    tapped = context.request.tapped is not None
    if saved and tapped:
        context.toast(saved)
    provider = await context.uow.providers.of_client(context.me)
    context.show(settings_home(context.locale, context.now, provider, note="" if tapped else saved))
    return ConversationHandler.END


def settings_flow() -> Flow:
    """Return the dialogue."""
    return Flow(
        FLOW,
        [
            CommandHandler("settings", settings_wanted),
            Tap(Open, settings_wanted, only=Open("settings")),
            Tap(SettingsHome, settings_wanted),
            Tap(AskZone, zones_wanted),
            Tap(ChooseZone, zone_tapped),
            Tap(AskLanguage, languages_wanted),
            Tap(ChooseLanguage, language_chosen),
            Tap(AskName, name_wanted),
        ],
        {
            State.ZONE: [MessageHandler(LINE, zone_written)],
            State.NAME: [MessageHandler(LINE | BLANK, name_typed)],
        },
    )
