"""Run the simulator on its own: `python -m simulator --port 8081 --token 1:test`."""

import argparse
import asyncio
import signal
import sys

from simulator.simulator import Simulator


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="A simulated Telegram on 127.0.0.1."
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port to listen on (any free one by default)"
    )
    parser.add_argument("--token", default="1:test", help="the bot's token (1:test by default)")
    parser.add_argument("--username", default="slotkeeper_bot", help="the bot's user name")
    options = parser.parse_args()
    asyncio.run(_serve(Simulator(token=options.token, username=options.username), options.port))


async def _serve(simulator: Simulator, port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await simulator.start(port)
    sys.stdout.write(
        f"Simulated Telegram at {simulator.url}, control below {simulator.url}/control/\n"
    )
    sys.stdout.flush()
    await stopped.wait()
    await simulator.stop()


if __name__ == "__main__":
    main()
