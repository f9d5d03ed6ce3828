"""The workflows: linters of two kinds, and rules that neither of them has."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
FILES = sorted(WORKFLOWS.glob("*.yaml"))
MAKEFILE = (ROOT / "Makefile").read_text()


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((WORKFLOWS / f"{name}.yaml").read_text())
    return found


def tool(name: str) -> str:
    """Find a tool that is installed beside Python."""
    found = Path(sys.executable).with_name(name)
    assert found.exists(), f"the group dev of pyproject.toml installs {name}"
    return str(found)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("zizmor", "--quiet", "--offline", "--persona=pedantic"), id="zizmor"),
        pytest.param(("actionlint", "-shellcheck=", "-pyflakes="), id="actionlint"),
    ],
)
def test_the_linters_find_nothing(command: tuple[str, ...]) -> None:
    """Zizmor looks for holes, actionlint for mistakes; both as strictly as they can."""
    name, *options = command
    done = subprocess.run(
        [tool(name), *options, *map(str, FILES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_actions_are_pinned_by_their_whole_commit(file: Path) -> None:
    """A tag can be moved; a commit can't. The comment says which release it is."""
    used = re.findall(r"uses: (\S+)(.*)", file.read_text())
    for action, behind in used:
        if not action.startswith("./"):
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", behind), action


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nobody_may_do_anything_unless_it_is_said(file: Path) -> None:
    """No permission by default; each job names its own; none needs a secret."""
    workflow = read(file.stem)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["permissions"], name
        assert "timeout-minutes" in job or "uses" in job, name
    assert not re.search(r"\bsecrets\.\w", file.read_text())


def test_only_a_tag_releases() -> None:
    """What can write is in the release alone, after the tests, behind an environment."""
    ci, release = read("ci"), read("release")
    assert all(job["permissions"] == {"contents": "read"} for job in ci["jobs"].values())
    text = (WORKFLOWS / "release.yaml").read_text()
    trigger = yaml.load(text, yaml.BaseLoader)["on"]  # noqa: S506 - texts only: `on` is no boolean
    assert list(trigger) == ["push"]
    assert list(trigger["push"]) == ["tags"]
    writers = {
        name: job for name, job in release["jobs"].items() if "write" in job["permissions"].values()
    }
    assert {name: job["environment"] for name, job in writers.items()} == {
        "pypi": "pypi",
        "image": "registry",
    }
    assert all(job["needs"] == "wheel" for job in writers.values())
    assert release["jobs"]["wheel"]["needs"] == "test"


def test_what_is_published_has_provenance_and_contents() -> None:
    """Wheel and image are attested twice each: where they come from, and what is in them."""
    for name in ("pypi", "image"):
        steps = read("release")["jobs"][name]["steps"]
        attested = [each["with"] for each in steps if "actions/attest@" in each.get("uses", "")]
        assert [("sbom-path" in each) for each in attested] == [False, True]
    pushing = [each["with"] for each in read("release")["jobs"]["image"]["steps"] if "with" in each]
    (build,) = [each for each in pushing if "build-args" in each]
    assert build["provenance"] == "mode=max"
    arguments = set(re.findall(r"^(\w+)=", build["build-args"], re.MULTILINE))
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert arguments <= set(re.findall(r"^ARG (\w+)", dockerfile, re.MULTILINE))


def test_the_image_is_for_both_kinds_of_machines() -> None:
    """What a release builds for, CI has started on a machine of that kind."""
    (build,) = [
        each["with"]
        for each in read("release")["jobs"]["image"]["steps"]
        if "build-push-action" in each.get("uses", "")
    ]
    assert build["platforms"] == "linux/amd64,linux/arm64"
    image = read("ci")["jobs"]["image"]
    assert image["strategy"]["matrix"]["machine"] == ["ubuntu-24.04", "ubuntu-24.04-arm"]
    assert image["runs-on"] == "${{ matrix.machine }}"


def test_ci_runs_the_projects_own_commands() -> None:
    """Nothing is tested in a way that a developer can't repeat."""
    jobs = read("ci")["jobs"]
    assert jobs["test"]["steps"][-1]["run"] == "make test"
    assert jobs["audit"]["steps"][-1]["run"] == "make audit"
    assert re.search(r"^test:", MAKEFILE, re.MULTILINE)
