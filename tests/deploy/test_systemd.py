"""The unit: what it starts, how it ends, and how little it may do."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from proxy.cli import main

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "sagegate.service"
#: What `systemd-analyze security` may find at most, in tenths of its points of exposure.
EXPOSURE = 15


def settings(section: str) -> dict[str, str]:
    """Give a section's settings; of several with one name the last."""
    text = UNIT.read_text().partition(f"[{section}]\n")[2].partition("\n[")[0]
    return dict(line.split("=", 1) for line in text.splitlines() if re.match(r"\w+=", line))


def default(flag: str) -> float:
    (found,) = [each.default for each in main.params if each.name == flag]
    return float(str(found))


def test_it_ends_and_reloads_as_the_gateway_does() -> None:
    """The parent gets the signal alone, and more time than notice and drain take together."""
    service = settings("Service")
    assert service["KillMode"] == "mixed"
    assert float(service["TimeoutStopSec"]) > 5 + default("drain_timeout") + 5
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_the_master_key_is_a_credential() -> None:
    """The file of root is handed over under the name that the variable says."""
    service = settings("Service")
    name, _, source = service["LoadCredential"].partition(":")
    assert service["Environment"] == f"LITELLM_MASTER_KEY_FILE=%d/{name}"
    assert source == "/etc/sagegate/master-key"


def test_it_is_not_root() -> None:
    """Nobody's user, no capability, nothing to write to but its own folder."""
    service = settings("Service")
    assert service["DynamicUser"] == "yes"
    assert service["CapabilityBoundingSet"] == ""
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectory"] == "sagegate"


def test_systemd_finds_it_well_closed() -> None:
    """Systemd's own judge of a unit's exposure, where it is installed, is content."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze: apt-get install systemd")
    done = subprocess.run(
        [analyze, "security", "--offline=true", f"--threshold={EXPOSURE}", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_systemd_knows_every_setting() -> None:
    """The verifier complains of nothing but that the program is not installed here."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze: apt-get install systemd")
    done = subprocess.run(
        [analyze, "verify", str(UNIT)], capture_output=True, text=True, check=False, timeout=30
    )
    told = [line for line in done.stderr.splitlines() if "sagegate.service" in line]
    assert [line for line in told if "is not executable" not in line] == []
