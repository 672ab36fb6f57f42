"""One process of the bot."""

import asyncio

from bot.app import App
from simulation.world.kernel import ProcessLoop


class BotProcess:
    """A process: its event loop, its number among replicas, and the bot once it is ready.

    Instants are in microseconds since the start.
    """

    def __init__(self, loop: ProcessLoop, started_at: int) -> None:
        self.loop = loop
        self.started_at = started_at
        self.number = 0
        self.main: asyncio.Task[None]
        self.app: App | None = None

    async def ready(self, app: App) -> None:
        """Note the bot, which has connected to Telegram."""
        self.app = app

    @property
    def has_exited(self) -> bool:
        """Whether the process has ended by itself, because of an error at its start."""
        return self.main.done()

    @property
    def exit_error(self) -> BaseException | None:
        """Why the process has ended by itself, None if it was asked to."""
        return self.main.exception()
