"""Settings: everyone's time zone and language, and a provider's public name."""

from dataclasses import dataclass, replace
from enum import StrEnum

from markupsafe import Markup
from telegram import Update
from telegram.ext import ConversationHandler

from bot.buttons.people import (
    AskLanguage,
    AskName,
    AskZone,
    ChooseLanguage,
    ChooseNotifications,
    ChooseZone,
    SettingsHome,
)
from bot.dialogue.acting import is_own, work_for
from bot.dialogue.context import Context
from bot.dialogue.flow import Flow
from bot.dialogue.roles import roles_of, set_menu
from bot.dialogue.routes import Routes
from bot.dialogue.typed_filters import typed_text
from bot.features.account.settings_screens import (
    Saved,
    back,
    language_name,
    language_settings,
    name_saved,
    name_settings,
    notifications_saved,
    page_with,
    settings_home,
    zone_settings,
)
from bot.features.account.zone_choice import set_time_zone, zone_typed
from bot.ui.texts import LANGUAGES
from domain.usecases.choose_settings import choose_language, choose_notifications
from domain.usecases.name_provider import name_provider
from domain.usecases.reachability import announce_reachable


class State(StrEnum):
    """What the next typed line is read as."""

    ZONE = "zone"
    ZONE_OF = "zone_of"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class SettingsData:
    """The provider whose public name or time zone is asked for."""

    provider: int | None = None


SETTINGS = Flow("settings", State, SettingsData)
routes = Routes(SETTINGS)


@routes.command("settings")
async def settings_wanted(update: Update, context: Context) -> int:
    """Show the settings."""
    return await show_home(context)


@routes.button(SettingsHome)
async def back_to_settings(context: Context, tap: SettingsHome) -> int:
    """Show the settings again, or another page."""
    return await show_home(context, page=tap.page)


@routes.button(AskZone)
async def zones_wanted(context: Context, tap: AskZone) -> State:
    """Show the common time zones, and wait for another to be typed."""
    context.show(zone_settings(context.locale, context.request.person.time_zone))
    return State.ZONE


@routes.button(ChooseZone)
async def zone_tapped(context: Context, tap: ChooseZone) -> int:
    """Set the tapped time zone."""
    return await _with_zone(context, tap.zone)


@routes.line(State.ZONE)
async def zone_written(update: Update, context: Context) -> State | int:
    """Set the time zone of a typed city, country or zone, or offer those that match."""
    zone = zone_typed(context, typed_text(update), ChooseZone, back(context.locale))
    return State.ZONE if zone is None else await _with_zone(context, zone)


@routes.button(AskLanguage)
async def languages_wanted(context: Context, tap: AskLanguage) -> int:
    """Show the languages."""
    return _languages(context)


@routes.button(ChooseLanguage)
async def language_chosen(context: Context, tap: ChooseLanguage) -> int:
    """Set the tapped language; for an unknown one, which must be forged, show the languages."""
    if tap.language not in LANGUAGES:
        return _languages(context)
    await context.act(choose_language(context.uow, context.me, tap.language))
    context.request.person = replace(context.request.person, language=tap.language)
    set_menu(context, await roles_of(context))
    name = language_name(tap.language)
    return await show_home(context, Saved("settings.language_saved", {"language": name}))


@routes.button(AskName)
async def name_wanted(context: Context, tap: AskName) -> State:
    """Ask for a new public name; raises errors.ProviderOnly, errors.ProviderUnknown."""
    provider = await work_for(context, tap.provider)
    page = await page_of_settings(context, provider.id)
    own = await is_own(context)
    context.show(name_settings(context.locale, provider, page, own=own))
    return SETTINGS.enter(context, State.NAME, SettingsData(provider.id))


@routes.button(ChooseNotifications)
async def notifications_chosen(context: Context, tap: ChooseNotifications) -> int:
    """Switch the notifications of a provider on or off."""
    wanted = bool(tap.wanted)
    await context.act(choose_notifications(context.uow, context.me, tap.provider, wanted=wanted))
    if wanted:
        admins = context.services.admins
        await announce_reachable(context.uow, context.me, admins, context.now)
    acting = await context.uow.queries.acting_for(context.me)
    chosen = next(each for each in acting if each.provider.id == tap.provider)
    saved = notifications_saved(chosen, named=len(acting) > 1)
    return await show_home(context, saved, provider_id=tap.provider)


@routes.line(State.NAME, blank=True)
async def name_typed(update: Update, context: Context) -> int:
    """Set the typed public name. The link stays, since clients may have it."""
    named = await work_for(context, SETTINGS.data(context).provider)
    provider = await context.act(
        name_provider(context.uow, context.me, named.id, typed_text(update), keep_slug=True)
    )
    saved = name_saved(named, provider, own=await is_own(context))
    context.request.work_for(None)
    return await show_home(context, saved, provider_id=provider.id)


def _languages(context: Context) -> int:
    """Show the languages."""
    context.show(language_settings(context.locale))
    return ConversationHandler.END


async def _with_zone(context: Context, zone: str) -> int:
    """Set a time zone, and show the settings in it."""
    await set_time_zone(context, zone)
    return await show_home(context, Saved("settings.zone_saved", {"zone": context.times.zone_city}))


async def show_home(
    context: Context, saved: Saved | None = None, *, page: int = 0, provider_id: int | None = None
) -> int:
    """Show the settings, and what was saved: in the answer to a tap, else above the settings.

    The page is the one with the provider, if one is given.
    """
    note = Markup()
    if saved and context.request.tapped is not None:
        context.toast(context.t.plain(saved.text, **saved.values))
    elif saved:
        note = context.t(saved.text, **saved.values)
    queries = context.uow.queries
    acting = await queries.acting_for(context.me)
    absent = await queries.without_account(context.me) if acting else ()
    page = page_with(acting, provider_id) if provider_id is not None else page
    context.show(settings_home(context.locale, context.now, acting, absent, page).below(note))
    return ConversationHandler.END


async def page_of_settings(context: Context, provider_id: int) -> int:
    """Return the page of the settings that has a provider."""
    return page_with(await context.uow.queries.acting_for(context.me), provider_id)
