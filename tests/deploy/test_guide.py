"""The guide to deploying: what it points at is there, and its figures are the gateway's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proxy.cli import main
from tests.deploy import test_ecs, test_proxies

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "deploy.md"
PAGES = [GUIDE, *sorted((ROOT / "deploy").rglob("README.md"))]


def anchors(page: Path) -> set[str]:
    """Give a page's headings as GitHub links to them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_it_links_to_is_there(page: Path) -> None:
    """Every relative link is a file or a folder of the project, with that heading in it."""
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_every_way_is_in_it() -> None:
    """Each folder of deploy/ is named; none is forgotten."""
    text = GUIDE.read_text()
    for folder in (ROOT / "deploy").iterdir():
        assert f"deploy/{folder.name}" in text, folder.name


def test_its_figures_are_the_gateways() -> None:
    """Defaults of flags, and times of the files, are told as they are."""
    text = GUIDE.read_text()
    defaults = {each.name: each.default for each in main.params}
    assert f"`--keepalive_timeout` ({defaults['keepalive_timeout']} s)" in text
    assert f"`--write_timeout` ({defaults['write_timeout']} s)" in text
    attributes = test_ecs.attributes("LoadBalancer", "LoadBalancerAttributes")
    idle = attributes["idle_timeout.timeout_seconds"]
    assert f"{test_ecs.seconds('KEEPALIVE_TIMEOUT')} with {idle}" in text
    assert f"nginx and Envoy are told {test_proxies.seconds('keepalive_timeout')}" in text
