"""Print a single-use link that makes the person who opens it an admin."""

import argparse
import asyncio
import sys

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.cli.first_admin import NEW_LINK, admin_link
from bot.cli.migrate import bring_up_to_date
from bot.settings import Settings
from bot.telegram.transport import AiohttpRequest
from storage.database import Database


def execute(settings: Settings, _options: argparse.Namespace) -> int:
    """Print the link; the bot may be running meanwhile."""
    if settings.bot_token is None:
        print("BOT_TOKEN: a link needs the bot's token. Get it from @BotFather.", file=sys.stderr)
        return 2
    try:
        link = asyncio.run(_link(settings, settings.bot_token.get_secret_value()))
    except InvalidToken:
        print("Telegram rejects BOT_TOKEN: check it with @BotFather.", file=sys.stderr)
        return 2
    except TelegramError as error:
        print(f"Telegram does not answer ({error.message}): try again.", file=sys.stderr)
        return 1
    print(NEW_LINK.format(link=link))
    return 0


async def _link(settings: Settings, token: str) -> str:
    """Ask Telegram for the bot's name, and store the invitation."""
    request = AiohttpRequest(connections=1)
    async with Bot(token, base_url=f"{settings.telegram_api_url}/bot", request=request) as bot:
        username = bot.username
    await bring_up_to_date(settings.database_url)
    database = Database(settings.database_url)
    try:
        return await admin_link(database, username)
    finally:
        await database.close()
