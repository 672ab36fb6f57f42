"""First contact: /start, /help, /privacy and /cancel."""

from dataclasses import replace

from telegram import Update

from bot.dialogue.acting import has_hours
from bot.dialogue.context import Context
from bot.dialogue.roles import roles_of, set_menu
from bot.dialogue.routes import Routes
from bot.features.account.start_screens import dialogue_left, greeting, help_text, privacy
from domain.person import name_from_telegram

routes = Routes()


@routes.command("start")
async def started(update: Update, context: Context) -> None:
    """Greet a person by role, and set their chat's command menu."""
    roles = await roles_of(context)
    first_name = update.effective_user.first_name if update.effective_user else ""
    name = name_from_telegram(replace(context.request.contact, name=first_name))
    # Elsewhere a number replaces a missing name; the greeting has no name instead.
    name = "" if name == str(context.request.person.telegram_id) else name
    context.request.send(
        greeting(
            context.locale,
            name,
            roles,
            zone_chosen=context.request.person.time_zone is not None,
            has_hours=roles.provider is not None and await has_hours(context, roles.provider),
        )
    )
    set_menu(context, roles)


@routes.command("help")
async def help_wanted(update: Update, context: Context) -> None:
    """Show what the bot can do."""
    context.request.send(
        help_text(context.locale, await roles_of(context), context.policy.hold_duration)
    )


@routes.command("privacy")
async def privacy_wanted(update: Update, context: Context) -> None:
    """Show what is stored about the person."""
    context.request.send(privacy(context.locale))


@routes.command("cancel")
async def cancelled(update: Update, context: Context) -> None:
    """Leave the dialogue. The command has ended it by now; the typed word has not."""
    left = context.request.left or context.request.in_dialogue
    context.request.leave()
    context.request.send(dialogue_left(context.locale, await roles_of(context), left=left))
