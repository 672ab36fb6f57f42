"""The time zone of a provider without Telegram account, chosen by those who act for them."""

from functools import partial

from telegram import Update

from bot.buttons.people import AskZoneOf, ChooseZoneOf
from bot.dialogue.acting import work_for
from bot.dialogue.context import Context
from bot.dialogue.routes import Routes
from bot.dialogue.typed_filters import typed_text
from bot.features.account.settings import (
    SETTINGS,
    SettingsData,
    State,
    page_of_settings,
    show_home,
)
from bot.features.account.settings_screens import Saved, back, provider_zone
from bot.features.account.zone_choice import zone_typed
from bot.features.account.zone_screens import city
from domain.usecases.choose_settings import choose_zone_of, provider_without_account

routes = Routes(SETTINGS)


@routes.button(AskZoneOf)
async def zones_wanted(context: Context, tap: AskZoneOf) -> State:
    """Show the common time zones, and wait for another to be typed."""
    provider = await provider_without_account(context.uow, context.me, tap.provider)
    await work_for(context, provider.id)
    page = await page_of_settings(context, provider.id)
    context.show(provider_zone(context.locale, provider, page))
    return SETTINGS.enter(context, State.ZONE_OF, SettingsData(provider.id))


@routes.button(ChooseZoneOf)
async def zone_tapped(context: Context, tap: ChooseZoneOf) -> int:
    """Set the tapped time zone."""
    return await _with_zone(context, tap.provider, tap.zone)


@routes.line(State.ZONE_OF)
async def zone_written(update: Update, context: Context) -> State | int:
    """Set the time zone of a typed city, country or zone, or offer those that match."""
    provider = await work_for(context, SETTINGS.data(context).provider)
    choose = partial(ChooseZoneOf, provider.id)
    way_back = back(context.locale, await page_of_settings(context, provider.id))
    zone = zone_typed(context, typed_text(update), choose, way_back)
    return State.ZONE_OF if zone is None else await _with_zone(context, provider.id, zone)


async def _with_zone(context: Context, provider_id: int, zone: str) -> int:
    """Set a provider's time zone, and show the settings."""
    provider = await context.act(choose_zone_of(context.uow, context.me, provider_id, zone))
    context.request.work_for(None)
    values = {"provider": provider.label, "zone": city(context.locale, zone)}
    saved = Saved("settings.zone_of_saved", values)
    return await show_home(context, saved, provider_id=provider_id)
