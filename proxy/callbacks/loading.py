"""`module.attr` of the configuration -> the object that it names.

Knows the configuration's folder and Python's import; refuses to know what the object does.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

from adapters.errors import ConfigError
from adapters.value import value
from proxy.callbacks.hooks import HOOKS, HookName, hooks_of
from proxy.config.callbacks import BUILT_IN
from proxy.config.schema import LitellmSettings

#: What each list is for.
LISTS: Final[dict[str, frozenset[HookName]]] = {
    "callbacks": frozenset(HOOKS),
    "success_callback": frozenset({"success"}),
    "failure_callback": frozenset({"failure"}),
}
#: Before the names of modules that are files beside the configuration: they hide no package.
_OURS: Final = "sagegate_callbacks."


@value(frozen=True, slots=True)
class Callback:
    """An object of the operator's, and which of its methods are called."""

    name: str
    target: object
    hooks: frozenset[HookName]


def callbacks(settings: LitellmSettings, folder: Path | None) -> tuple[Callback, ...]:
    """Give the operator's own callbacks, each once.

    Args:
        settings: Names them.
        folder: Where their modules are looked for before Python's own path.

    Raises:
        ConfigError: one can't be loaded, or has nothing to call; `path` is its place.
    """
    found: dict[str, tuple[object, frozenset[HookName]]] = {}
    for name, wanted, path in _named(settings):
        target = _loaded(name, folder, path)
        hooks = wanted & hooks_of(target)
        if isinstance(target, type) or not hooks:
            raise ConfigError(f"'{name}' {_what_is_wrong(target, wanted)}", path=path)
        before = found.get(name, (target, frozenset[HookName]()))[1]
        found[name] = (target, before | hooks)
    return tuple(Callback(name, *each) for name, each in found.items())


def faults(settings: LitellmSettings, folder: Path | None) -> Iterable[ConfigError]:
    """Give what keeps the callbacks from being loaded."""
    try:
        callbacks(settings, folder)
    except ConfigError as error:
        return [error]
    return []


def _named(
    settings: LitellmSettings,
) -> Iterator[tuple[str, frozenset[HookName], tuple[str | int, ...]]]:
    for key, hooks in LISTS.items():
        for index, name in enumerate(getattr(settings, key)):
            if name not in BUILT_IN:
                yield name, hooks, ("litellm_settings", key, index)


def _what_is_wrong(target: object, wanted: frozenset[HookName]) -> str:
    if isinstance(target, type):
        return "is a class: name an instance of it"
    if any(name.startswith("async_") and callable(getattr(target, name)) for name in dir(target)):
        return (
            f"has LiteLLM's methods only: sagegate calls {', '.join(HOOKS)} (docs/telemetry.md "
            "says how one becomes the other)"
        )
    return f"has none of the methods {', '.join(hook for hook in HOOKS if hook in wanted)}"


def _loaded(name: str, folder: Path | None, path: tuple[str | int, ...]) -> object:
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(_module(module, folder), attribute)
    except Exception as error:
        # Somebody else's module: whatever it raises, the setting that named it is told.
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"can't load callback '{name}': {reason}", path=path) from error


def _module(name: str, folder: Path | None) -> ModuleType:
    file = None if folder is None else folder.joinpath(*name.split(".")).with_suffix(".py")
    if file is None or not file.is_file():
        return importlib.import_module(name)
    key, state = _OURS + name, file.stat()
    written = (str(file), state.st_mtime_ns, state.st_size)
    known = sys.modules.get(key)
    if known is not None and getattr(known, "__written__", None) == written:
        return known
    spec = spec_from_file_location(key, file)
    assert spec is not None  # noqa: S101 - a file with this suffix has one
    assert spec.loader is not None  # noqa: S101 - the same
    module = module_from_spec(spec)
    sys.modules[key] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[key]
        raise
    module.__dict__["__written__"] = written
    return module
