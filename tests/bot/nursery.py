"""Starts bots quickly: everything is imported once, and each bot is a fork of this process.

Each line on standard input asks for one more bot; its process id is the answer.
"""

import os
import signal
import sys

from bot.__main__ import main

if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os._exit(main([], pace=lambda: None))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
