"""Starts bots quickly: everything is imported once, and each bot is a fork of this process.

Each line on standard input asks for one more bot, and is a JSON object of what its environment has beside ours; the bot's process id is
the answer.
"""

import json
import os
import signal
import sys

import bot.commands.run  # noqa: F401  (each fork finds it there)
from bot.__main__ import main

if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.environ.update(json.loads(line))
            os._exit(main([], pace=lambda: None))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
