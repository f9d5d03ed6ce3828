"""What could run a stranger's text: who may use it is listed here (security cases K6 and L5)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_architecture import SOURCES, imports_of, module_of

#: What runs programs, loads modules or builds objects out of bytes, and who may use it, for what.
DANGEROUS: dict[str, dict[str, str]] = {
    "pickle": {"proxy.lifecycle.wire": "supervisor and workers, over their own pair of sockets"},
    "subprocess": {
        "benchmarks.certificate": "openssl, for a certificate of the developer's own machine",
        "benchmarks.compare": "git, for the states that the developer names",
        "benchmarks.processes": "starts what is measured",
        "proxy.demo": "starts this program's own modules",
    },
    "import_module": {
        "adapters.formats": "the format that the configuration names",
        "proxy.auth.custom_auth": "the function that the configuration names",
        "proxy.callbacks.loading": "the callbacks that the configuration names",
        "proxy.cli": "this program's own commands",
        "proxy.markers": "this program's own packages",
        "proxy.telemetry.redactor": "the function that the configuration names",
        "proxy.tracing.opening": "OpenTelemetry, where the configuration asks for it",
    },
    **{name: {} for name in ("marshal", "shelve", "dill", "code", "runpy", "pty")},
}
#: Builtins that run text.
CALLS = frozenset({"eval", "exec", "compile", "__import__", "input", "breakpoint"})
#: The same as methods of modules.
METHODS = re.compile(
    r"(os\.(system|popen|spawn\w+|exec\w+)|yaml\.(unsafe_)?load|asyncio\.\w*subproc.*)"
)


def called(path: Path) -> Iterator[str]:
    """What a file calls: plain names, and `module.name`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            yield ast.unparse(node.func)


def used(path: Path) -> set[str]:
    """Which of the dangerous things a file uses."""
    names = {imported.partition(".")[0] for imported in imports_of(path)}
    return (names | {name.rpartition(".")[2] for name in called(path)}) & set(DANGEROUS)


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_nothing_runs_text_or_programs(path: Path) -> None:
    """No `eval`, no shell, no pickle but where the list says so with its reason."""
    calls = set(called(path))
    assert not CALLS & calls
    assert not [name for name in calls if METHODS.fullmatch(name)]

    for name in used(path):
        assert module_of(path) in DANGEROUS[name], name


def test_the_list_is_not_longer_than_needed() -> None:
    """Each permission is used: one that is not would hide the next use."""
    uses = {module_of(path): used(path) for path in SOURCES}

    unused = [
        (name, module)
        for name, modules in DANGEROUS.items()
        for module in modules
        if name not in uses[module]
    ]
    assert unused == []
