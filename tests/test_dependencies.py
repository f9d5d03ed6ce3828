"""What is installed with sagegate: few packages, floors for known advisories, a lock by hashes.

Security case L2. `make audit` asks the advisory service itself; it needs a network.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
DEVELOPMENT = (ROOT / "development.lock").read_text(encoding="utf-8")

#: The first release without a known fault, and the advisory that asks for it.
FLOORS = {
    "aiohttp": ("3.14.4", "CVE-2026-128131: many compressed members block the loop"),
    "h11": ("0.16", "CVE-2025-43859: chunks with bad ends are taken"),
    "jinja2": ("3.1.6", "CVE-2025-27516: a way out of the sandbox"),
    "orjson": ("3.11.6", "CVE-2025-67221: dumps recurses without a bound"),
    "starlette": ("1.0.1", "CVE-2026-48710: a Host header changes the path that is judged"),
    "urllib3": ("2.7", "CVE-2026-44432: decompression without a bound"),
}


def required() -> list[Requirement]:
    """All that any installation may need, extras included."""
    project = PROJECT["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in (*project["dependencies"], *extras)]


def tools() -> list[Requirement]:
    """What developers need beside it."""
    groups = PROJECT["dependency-groups"]
    lines = [line for name in ("demo", "deploy", "dev", "fuzz") for line in groups[name]]
    return [Requirement(line) for line in lines if isinstance(line, str)]


def locked(lock: str = LOCK) -> Iterator[tuple[Requirement, str]]:
    """Each line of a lock, with the lines that belong to it."""
    for line in re.sub(r"\\\n\s*", " ", lock).splitlines():
        if line and not line.lstrip().startswith("#"):
            text, _, hashes = line.partition(" --hash")
            yield Requirement(text), hashes


def version_of(locked_requirement: Requirement) -> Version:
    """The one version that a line allows."""
    (pin,) = locked_requirement.specifier
    assert pin.operator == "==", locked_requirement
    return Version(pin.version)


@pytest.mark.parametrize(("name", "floor"), FLOORS.items(), ids=str)
def test_known_faults_are_below_the_floor(name: str, floor: tuple[str, str]) -> None:
    """No installation gets a release with a fault that is known (L2)."""
    fixed, _ = floor
    (bound,) = [each for each in required() if canonicalize_name(each.name) == name]

    lower = [Version(each.version) for each in bound.specifier if each.operator == ">="]
    assert lower
    assert min(lower) >= Version(fixed)


def test_every_dependency_has_a_floor() -> None:
    """A package without a lower bound could be of any age."""
    assert [str(each) for each in required() if ">=" not in str(each.specifier)] == []


@pytest.mark.parametrize("requirement", required(), ids=str)
def test_the_lock_fits_the_project(requirement: Requirement) -> None:
    """`make lock` was run after the last change: each requirement has its line, within bounds."""
    name = canonicalize_name(requirement.name)
    found = [each for each, _ in locked() if canonicalize_name(each.name) == name]

    assert found, "run `make lock`"
    for each in found:
        assert requirement.specifier.contains(version_of(each)), "run `make lock`"


@pytest.mark.parametrize(
    "requirement", [*map(Requirement, PROJECT["project"]["dependencies"]), *tools()], ids=str
)
def test_the_tests_run_with_what_is_locked(requirement: Requirement) -> None:
    """`make lock` was run: there is one set of versions, and the gateway's are the image's."""
    name = canonicalize_name(requirement.name)
    found = [each for each, _ in locked(DEVELOPMENT) if canonicalize_name(each.name) == name]

    assert found, "run `make lock`"
    shipped = {str(each.specifier) for each, _ in locked() if canonicalize_name(each.name) == name}
    for each in found:
        assert requirement.specifier.contains(version_of(each)), "run `make lock`"
        assert not shipped or str(each.specifier) in shipped


def test_all_that_is_locked_has_hashes() -> None:
    """Nothing is installed whose bytes are not known, and nothing from elsewhere than an index."""
    for requirement, hashes in locked():
        assert version_of(requirement)
        assert requirement.url is None
        assert re.search(r"=sha256:[0-9a-f]{64}", hashes), requirement
    assert "://" not in LOCK


def test_the_tools_of_the_audit_stay_out_of_the_tests() -> None:
    """What looks at the project is in groups of its own, so that `make test` installs little."""
    groups = PROJECT["dependency-groups"]
    everywhere = {Requirement(line).name for line in groups["dev"] if isinstance(line, str)}
    own = {Requirement(line).name for name in ("audit", "fuzz") for line in groups[name]}

    assert own
    assert not own & everywhere
