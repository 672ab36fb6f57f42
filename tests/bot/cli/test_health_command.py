"""The health command reads a heartbeat file for SQLite and asks /healthz for PostgreSQL."""

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot.__main__ import main

POSTGRES = "postgresql://keeper:hush@db/slots"


class _HealthHandler(BaseHTTPRequestHandler):
    """A bot's HTTP server with a fixed status at ``/healthz``."""

    status = 200

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    monkeypatch.setattr(_HealthHandler, "status", 200)
    server = HTTPServer(("127.0.0.1", 0), _HealthHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", POSTGRES)


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "localhost"])  # noqa: S104  (only a client's setting)
def test_a_bot_that_answers_is_healthy(
    served: HTTPServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("LISTEN", f"{host}:{served.server_port}")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert main(["health"]) == 0


@pytest.mark.parametrize("status", [503, 404])
def test_a_bot_that_answers_with_an_error_is_not_healthy(
    served: HTTPServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("LISTEN", f"127.0.0.1:{served.server_port}")
    monkeypatch.setattr(_HealthHandler, "status", status)
    assert main(["health"]) == 1


def test_a_bot_that_does_not_answer_is_not_healthy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LISTEN", "127.0.0.1:9")
    assert main(["health"]) == 1
    assert "does not answer" in capsys.readouterr().out


def test_the_heartbeat_file_decides_for_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'bot.db'}")
    (tmp_path / "bot.db.heartbeat").touch()
    assert main(["health"]) == 0
    old = time.time() - 61
    os.utime(tmp_path / "bot.db.heartbeat", (old, old))
    assert main(["health"]) == 1
