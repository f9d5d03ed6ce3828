"""The house rules that can be read off the source: who imports whom, how large, how named."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("proxy", "adapters", "emulator")
TOOLS = ("benchmarks",)  # beside the product, and not shipped with it
MAX_LINES = 400

MODULES = ("sagegate.py",)
SOURCES = sorted(path for package in PACKAGES + TOOLS for path in (ROOT / package).rglob("*.py"))
SOURCES += [ROOT / module for module in MODULES]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

#: What only a composition root brings together.
COMPOSED = ("adapters.sagemaker", "adapters.formats")

#: A module's prefix, and what modules under it must not import, each with its exceptions.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "adapters": ("proxy", "emulator", "fastapi", "starlette", "uvicorn", "yaml", "sse_starlette"),
    "adapters.base": ("adapters.",),
    "adapters.errors": ("adapters.",),
    "adapters.value": ("adapters.",),
    "adapters.complaint": ("adapters.sagemaker", "adapters.formats", "adapters.openai"),
    "adapters.container": ("adapters.sagemaker", "adapters.formats", "adapters.openai"),
    "adapters.redaction": ("adapters.sagemaker", "adapters.formats", "adapters.openai"),
    "adapters.framing": ("adapters.sagemaker", "adapters.formats", "adapters.openai"),
    "adapters.openai": ("adapters.sagemaker", "adapters.formats", "adapters.endpoint"),
    "adapters.formats": ("adapters.sagemaker", "adapters.endpoint", "asyncio", "aiohttp", "time"),
    "adapters.prompts": ("adapters.sagemaker", "adapters.formats", "asyncio", "aiohttp", "time"),
    "adapters.text": ("adapters.sagemaker", "adapters.endpoint", "asyncio", "aiohttp", "time"),
    "adapters.passthrough": (
        "adapters.sagemaker",
        "adapters.endpoint",
        "asyncio",
        "aiohttp",
        "time",
    ),
    "adapters.deployment": ("adapters.endpoint", "adapters.sdk", "asyncio", "aiohttp", "time"),
    "adapters.sdk": ("adapters.formats", "adapters.prompts", "aiohttp"),
    "adapters.endpoint": ("adapters.sagemaker", "adapters.formats", "aiohttp"),
    "adapters.answer": ("adapters.sagemaker", "adapters.formats", "aiohttp"),
    "adapters.cut_stream": ("adapters.sagemaker", "adapters.formats", "aiohttp"),
    "adapters.decoded_stream": ("adapters.sagemaker", "adapters.formats", "aiohttp"),
    "adapters.sagemaker": ("adapters.formats", "adapters.endpoint", "adapters.openai"),
    "proxy": ("botocore", "aiobotocore", "aioboto3", "boto3", "aiohttp", *COMPOSED),
    "proxy.check.judgement": ("asyncio", "click", "proxy.config", "proxy.deployments", "time"),
    "proxy.config": ("adapters.endpoint", "fastapi", "starlette"),
    "proxy.auth": ("adapters.endpoint", "proxy.routes", "fastapi"),
    "proxy.fleet": ("proxy.config", "proxy.routes", "fastapi", "starlette"),
    "proxy.limits": ("proxy.config", "proxy.routes", "proxy.routing", "fastapi", "starlette"),
    "proxy.routing": ("proxy.routes", "fastapi", "starlette"),
    "proxy.telemetry": ("proxy.routes", "fastapi", "starlette"),
    "proxy.routes": ("adapters.endpoint",),
    "proxy.deps": ("adapters.endpoint", "proxy.routes"),
    "proxy.sse": ("adapters.endpoint", "proxy.routes"),
    "sagegate": ("proxy", "emulator", "pydantic", "aiohttp", "adapters.sagemaker"),
    "emulator": ("proxy", "adapters", "botocore", "boto3", "aioboto3"),
    "benchmarks": ("proxy", "adapters", "emulator", "aiohttp", "httpx"),
}
#: The composition roots.
ALLOWED = {
    ("adapters.base", "adapters.value"),
    ("proxy.registry", "adapters.sagemaker"),
    ("proxy.building", "adapters.sagemaker"),
    ("proxy.token", "adapters.sagemaker"),
    ("proxy.config.bucket", "adapters.sagemaker"),
    ("proxy.check.survey", "adapters.sagemaker"),
    ("proxy.check.trial", "adapters.sagemaker"),
}
#: The only modules that may load AWS's libraries.
AWS_LIBRARIES = ("botocore", "aiobotocore", "aioboto3", "boto3")

BAD_FILE_NAMES = re.compile(r"utils?|helpers?|common|misc|.*_(utils?|helpers?)")
BAD_CLASS_NAMES = re.compile(r".*(Manager|Handler|Helper|Util|Utils)")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Give every module that a file imports, wherever in it."""
    return imported_by(ast.walk(ast.parse(path.read_text())))


def imported_by(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Give every module that these nodes import."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_under(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix.rstrip(".") + ".")


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_nobody_imports_what_it_must_not_know(path: Path) -> None:
    """The dependency arrows run one way: routes to routing to endpoint to the shared types."""
    module = module_of(path)
    for prefix, banned in FORBIDDEN.items():
        if not is_under(module, prefix):
            continue
        for imported in imports_of(path):
            if any(is_under(module, a) and is_under(imported, b) for a, b in ALLOWED):
                continue
            assert not any(is_under(imported, name) for name in banned), f"{module}: {imported}"


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_only_the_aws_room_loads_aws_libraries(path: Path) -> None:
    """Botocore and its family are loaded in `adapters.sagemaker`, and only inside functions."""
    tree = ast.parse(path.read_text())
    if any(name.split(".")[0] in AWS_LIBRARIES for name in imported_by(ast.walk(tree))):
        assert is_under(module_of(path), "adapters.sagemaker")
    assert not any(name.split(".")[0] in AWS_LIBRARIES for name in imported_by(tree.body))


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_adapters_never_read_the_environment(path: Path) -> None:
    """Settings reach the adapters as mappings from a composition root."""
    if is_under(module_of(path), "adapters"):
        text = path.read_text()
        assert "os.environ" not in re.sub(r'""".*?"""|`[^`]*`|#.*', "", text, flags=re.DOTALL)
        assert "getenv" not in text


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=module_of)
def test_files_stay_small_and_well_named(path: Path) -> None:
    """No file above the limit, none named after nothing in particular."""
    assert len(path.read_text().splitlines()) <= MAX_LINES
    assert not BAD_FILE_NAMES.fullmatch(path.stem)


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_classes_are_named_after_what_they_are(path: Path) -> None:
    """Nothing is called a manager, handler or helper."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef):
            assert not BAD_CLASS_NAMES.fullmatch(node.name), f"{path}: {node.name}"


@pytest.mark.parametrize("path", TESTS, ids=module_of)
def test_every_test_states_its_rule(path: Path) -> None:
    """A test's docstring says what must be true; without one nobody knows why it failed."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test_"
        ):
            assert ast.get_docstring(node), f"{path.name}: {node.name}"


def test_every_folder_of_tests_is_a_package() -> None:
    """Tests import each other by name, so each folder has its `__init__.py`."""
    for path in TESTS:
        assert (path.parent / "__init__.py").exists(), path.parent


def test_packages_are_typed_and_marked() -> None:
    """Each package says that it is typed, and that it is sagegate's own."""
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").exists()
        assert 'SAGEGATE = "sagegate"' in (ROOT / package / "__init__.py").read_text()
