"""Deployment files name only existing settings, commands, metrics, services and files."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import Settings

ROOT = Path(__file__).parent.parent
SETTINGS = {name.upper() for name in Settings.model_fields}
ALERTS = re.split(
    r"^      - (?=alert:)",
    (ROOT / "docs/alerts.yaml").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)[1:]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def block(text: str, head: str, indent: int) -> str:
    """Return the block below a key of a YAML file."""
    found = re.search(
        rf"^{' ' * indent}{re.escape(head)}:.*\n((?:(?: {{{indent + 1},}}.*)?\n)+)",
        text,
        re.MULTILINE,
    )
    assert found, f"there is no {head}"
    return found[1]


def directives(name: str, unit: str = "deploy/slotkeeper.service") -> list[str]:
    return re.findall(rf"^{name}=(.*)$", text_of(unit), re.MULTILINE)


@pytest.mark.parametrize("name", ["compose.yaml", "docs/alerts.yaml"])
def test_a_yaml_file_is_indented_by_twos_without_tabs_and_unbalanced_quotes(name: str) -> None:
    for line in text_of(name).splitlines():
        assert "\t" not in line
        assert (len(line) - len(line.lstrip())) % 2 == 0, line
        content = line.partition(" #")[0].strip()
        assert content.count('"') % 2 == 0, line
        assert not content or re.match(
            r'#|- |"?[\w.<-]+"?:|sum|max|histogram|[<>] |and ', content
        ), line
        value = content.partition(": ")[2]
        assert not re.match(r"[{%@`*]", value) or re.fullmatch(r"\*[a-z]+", value), line
        assert ": " not in value or value.startswith('"') or "${" in value, line


@pytest.mark.parametrize("part", ["x-replica", "services.slotkeeper"])
def test_the_compose_file_sets_only_existing_settings(part: str) -> None:
    text, indent = text_of("compose.yaml"), 0
    for head in part.split("."):
        text, indent = block(text, head, indent), indent + (2 if head == "services" else 0)
    environment = block(text, "environment", indent + 2)
    names = set(re.findall(r"^ +([A-Z_]+):", environment, re.MULTILINE))
    assert names
    assert names <= SETTINGS


def test_the_bot_on_sqlite_starts_by_default_and_all_else_by_profile() -> None:
    services = block(text_of("compose.yaml"), "services", 0)
    names = re.findall(r"^  ([a-z-]+):$", services, re.MULTILINE)
    assert names == ["slotkeeper", "slotkeeper-a", "slotkeeper-b", "postgres", "proxy"]
    for name in names:
        own = block(services, name, 2)
        assert ("profiles: [postgres]" in own or "*replica" in own) is (name != "slotkeeper"), name
    assert "profiles: [postgres]" in block(text_of("compose.yaml"), "x-replica", 0)


def test_the_default_profile_needs_no_variable_of_the_other() -> None:
    needed = re.findall(r"\$\{([A-Z_]+):\?", text_of("compose.yaml"))
    assert needed == ["BOT_TOKEN"]


def test_every_service_and_volume_named_in_the_compose_file_exists() -> None:
    text = text_of("compose.yaml")
    services = re.findall(r"^  ([a-z-]+):$", block(text, "services", 0), re.MULTILINE)
    waited_for = re.findall(r"^ {4,6}([a-z-]+):\n +condition: service_healthy$", text, re.MULTILINE)
    mounts = re.findall(r"^      - ([a-z./A-Z]+):/", text, re.MULTILINE)
    volumes = re.findall(r"^  ([a-z]+):$", text.split("\nvolumes:\n")[1], re.MULTILINE)
    assert set(waited_for) == {"postgres", "slotkeeper-a", "slotkeeper-b"}
    assert set(waited_for) <= set(services)
    assert sorted(mount for mount in mounts if not mount.startswith(".")) == sorted(volumes)
    assert all((ROOT / mount).exists() for mount in mounts if mount.startswith("."))


def test_the_proxy_sends_to_every_replica_on_its_port() -> None:
    [upstreams] = re.findall(
        r"^\treverse_proxy (.*) \{$", text_of("deploy/Caddyfile"), re.MULTILINE
    )
    port = re.findall(r"LISTEN: 0\.0\.0\.0:(\d+)", text_of("compose.yaml"))[0]
    replicas = re.findall(
        r"^  ([a-z-]+):\n    <<: \*replica$", text_of("compose.yaml"), re.MULTILINE
    )
    assert upstreams.split() == [f"{name}:{port}" for name in replicas]
    assert text_of("deploy/Caddyfile").count("{") == text_of("deploy/Caddyfile").count("}")
    assert "health_uri /readyz" in text_of("deploy/Caddyfile")


def test_the_systemd_unit_names_existing_settings_and_commands_and_the_right_stop_time() -> None:
    given = {name for name, _, _ in (each.partition("=") for each in directives("Environment"))}
    assert given - {"PYTHONDONTWRITEBYTECODE"} <= SETTINGS
    assert directives("ExecStart") == ["/opt/slotkeeper/.venv/bin/python -m bot run"]
    assert directives("KillSignal") == ["SIGTERM"]
    assert directives("RestartPreventExitStatus") == ["2"]
    [stop] = directives("TimeoutStopSec")
    assert re.findall(
        r"stop_grace_period: (\d+)s\n  # The bot writes", text_of("compose.yaml")
    ) == [stop]


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "slotkeeper.service"
    # The installed program is replaced by an interpreter that exists here.
    unit.write_text(
        re.sub(
            r"(?m)^ExecStart=\S+",
            f"ExecStart={sys.executable}",
            text_of("deploy/slotkeeper.service"),
        ),
        encoding="utf-8",
    )
    ended = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_alerts_and_their_metrics_are_on_the_monitoring_page() -> None:
    page = text_of("docs/monitoring.md")
    documented = set(re.findall(r"^\| `(slotkeeper_\w+)(?:\{[\w,]+\})?` \|", page, re.MULTILINE))
    named = {
        re.sub(r"_bucket$", "", name) for name in re.findall(r"slotkeeper_\w+", "".join(ALERTS))
    }
    assert named <= documented
    names = [re.findall(r"alert: (\w+)", alert)[0] for alert in ALERTS]
    assert names == re.findall(r"^### (Slotkeeper\w+)$", page, re.MULTILINE)


@pytest.mark.parametrize(
    "alert", ALERTS, ids=lambda alert: alert.splitlines()[0].partition(": ")[2]
)
def test_an_alert_has_a_balanced_expression_a_severity_and_a_summary(alert: str) -> None:
    expression = re.findall(r"expr: (?:>-\n)?(.*?)\n        (?:for|labels):", alert, re.DOTALL)[0]
    assert all(
        expression.count(left) == expression.count(right) for left, right in ("()", "{}", "[]")
    )
    assert expression.count('"') % 2 == 0
    assert re.search(r"severity: (page|ticket)\n", alert)
    assert re.search(r"summary: \"?[A-Z{].+\.\"?$", alert, re.MULTILINE)
