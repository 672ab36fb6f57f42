"""The loopback addresses: the simulator talks to no other machine."""

from urllib.parse import urlsplit

_NAMES = ("127.0.0.1", "localhost", "::1")


def is_loopback(address: str) -> bool:
    """Return whether a URL, or a host and port after `//`, names this machine."""
    try:
        return urlsplit(address).hostname in _NAMES
    except ValueError:
        return False
