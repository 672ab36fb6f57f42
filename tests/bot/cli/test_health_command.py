"""Health: by the heartbeat where the database is a file, by the bot's own HTTP side where it is a server."""

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot.__main__ import main

POSTGRES = "postgresql://keeper:hush@db/slots"


class _Answers(BaseHTTPRequestHandler):
    """A bot's HTTP side that says one and the same to ``/healthz``."""

    status = 200

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Be silent."""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    monkeypatch.setattr(_Answers, "status", 200)
    server = HTTPServer(("127.0.0.1", 0), _Answers)
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


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "localhost"])  # noqa: S104  (nobody listens there)
def test_a_bot_that_answers_at_its_address_is_well(
    served: HTTPServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("LISTEN", f"{host}:{served.server_port}")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert main(["health"]) == 0


@pytest.mark.parametrize("status", [503, 404])
def test_a_bot_that_says_it_is_ill_is_ill(
    served: HTTPServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("LISTEN", f"127.0.0.1:{served.server_port}")
    monkeypatch.setattr(_Answers, "status", status)
    assert main(["health"]) == 1


def test_a_bot_that_does_not_answer_is_ill(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LISTEN", "127.0.0.1:9")
    assert main(["health"]) == 1
    assert "does not answer" in capsys.readouterr().out


def test_a_heartbeat_counts_for_a_file_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'bot.db'}")
    (tmp_path / "bot.db.heartbeat").touch()
    assert main(["health"]) == 0
    old = time.time() - 61
    os.utime(tmp_path / "bot.db.heartbeat", (old, old))
    assert main(["health"]) == 1
