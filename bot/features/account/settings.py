"""Settings: the time zone and the language of everybody, and the public name of a provider."""

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
from bot.dialogue.typed import BLANK, LINE, typed_text
from bot.features.account.settings_screens import (
    back,
    language_name,
    language_settings,
    name_settings,
    settings_home,
    zone_settings,
)
from bot.features.account.zone_choice import take_zone, zone_typed
from bot.ui.texts import LANGUAGES
from domain.usecases.choose_settings import choose_language
from domain.usecases.join import name_provider
from domain.usecases.reservation_of import provider_of

FLOW = "settings"


class State(StrEnum):
    """What a typed line is taken for."""

    ZONE = "zone"
    NAME = "name"


async def settings_wanted(update: Update, context: Context) -> int:
    """Somebody wants to see the settings, or comes back to them."""
    return await _home(context)


async def zones_wanted(update: Update, context: Context) -> State:
    """Another zone is wanted: show the common ones, and wait for others to be typed."""
    context.show(zone_settings(context.reader, context.request.person.time_zone))
    return State.ZONE


async def zone_tapped(update: Update, context: Context) -> int:
    """A zone was tapped."""
    return await _with_zone(context, context.tap(ChooseZone).zone)


async def zone_written(update: Update, context: Context) -> State | int:
    """A zone, a city or a country was typed."""
    zone = zone_typed(context, typed_text(update), ChooseZone, back(context.reader))
    return State.ZONE if zone is None else await _with_zone(context, zone)


async def languages_wanted(update: Update, context: Context) -> int:
    """Another language is wanted."""
    context.show(language_settings(context.reader))
    return ConversationHandler.END


async def language_chosen(update: Update, context: Context) -> int:
    """A language was tapped; one that nobody speaks here can only be forged, and shows those that are spoken."""
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
    """A provider wants another public name, and is asked to type it."""
    context.show(name_settings(context.reader, await provider_of(context.uow, context.me)))
    return State.NAME


async def name_typed(update: Update, context: Context) -> int:
    """A provider typed a public name; his link stays, as others may have it."""
    provider = await context.act(
        name_provider(context.uow, context.me, typed_text(update), keep_slug=True)
    )
    return await _home(context, saved=context.t("settings.name_saved", name=provider.label))


async def _with_zone(context: Context, zone: str) -> int:
    """Take a zone, and show the settings in it."""
    await take_zone(context, zone)
    return await _home(
        context, saved=context.t.plain("settings.zone_saved", zone=context.times.zone_city)
    )


async def _home(context: Context, *, saved: str = "") -> int:
    """Show the settings; what was saved is said in answer to a tap, and on the card in answer to a typed line."""
    tapped = context.request.tapped is not None
    if saved and tapped:
        context.say(saved)
    provider = await context.uow.providers.of_client(context.me)
    context.show(settings_home(context.reader, context.now, provider, note="" if tapped else saved))
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
