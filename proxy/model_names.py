"""Whether the models exist that the configuration names beside `model_list`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Final

from adapters.errors import ConfigError
from proxy.config.router import FallbackLists, FallbackSettings
from proxy.config.schema import ProxyConfig
from proxy.wildcards.pattern import STAR, Pattern

Place = tuple[str | int, ...]

#: What stands for every model in a key's list.
_EVERY: Final = frozenset({STAR, "all-proxy-models"})


def unknown_names(config: ProxyConfig) -> Iterator[ConfigError]:
    """Give an error for each name that no model has, or that would do nothing where it stands."""
    names = {entry.model_name for entry in config.model_list}
    router, settings = config.router_settings, config.litellm_settings
    known = names | router.aliases.keys() | settings.model_alias_map.keys()
    patterns = [Pattern.of(name) for name in names if STAR in name]
    for path, name in _mentioned(config):
        if name not in known and not _fits(name, patterns):
            yield ConfigError("no model has this name", path=path)
    yield from _unknown_grants(config, known, patterns)
    for path, name in _aliased(config):
        if name not in names and not _fits(name, patterns):
            has = "only an alias has this name" if name in known else "no model has this name"
            yield ConfigError(has, path=path)
    for index, wanted in enumerate(settings.model_group_settings.forward_client_headers_to_llm_api):
        if not any(fnmatchcase(name, wanted) for name in names):
            where = ("model_group_settings", "forward_client_headers_to_llm_api", index)
            yield ConfigError("no model has this name", path=("litellm_settings", *where))
    yield from _idle(config, names)


def _idle(config: ProxyConfig, names: Collection[str]) -> Iterator[ConfigError]:
    """Give an error for each name that is known, and would do nothing where it stands."""
    router = config.router_settings
    aliases = {**config.litellm_settings.model_alias_map, **router.aliases}
    for path, name in (*_mentioned(config), *_aliased(config)):
        if STAR in name and name in names:
            yield ConfigError("stands for many models: name one of them", path=path)
    for name in router.model_group_limits:
        if name in aliases:
            says = f"an alias: its requests count under the model's own name, '{aliases[name]}'"
            yield ConfigError(says, path=("router_settings", "model_group_limits", name))


def _unknown_grants(
    config: ProxyConfig, known: Collection[str], patterns: Collection[Pattern]
) -> Iterator[ConfigError]:
    """Give an error for each name and pattern of a key's that no model fits."""
    for index, entry in enumerate(config.keys):
        for place, name in enumerate(entry.models):
            if name not in {*known, *_EVERY} and not _fits_some(name, known, patterns):
                yield ConfigError("no model has this name", path=("keys", index, "models", place))


def _fits_some(name: str, known: Collection[str], patterns: Collection[Pattern]) -> bool:
    """Whether a key's pattern fits a model; with wildcards in the registry nobody can tell."""
    if STAR in name:
        own = Pattern.of(name)
        return bool(patterns) or any(own.match(each) is not None for each in known)
    return _fits(name, patterns)


def _mentioned(config: ProxyConfig) -> Iterator[tuple[Place, str]]:
    router, settings = config.router_settings, config.litellm_settings
    yield from _fallbacks("router_settings", router)
    yield from _fallbacks("litellm_settings", settings)
    for model in router.model_group_retry_policy:
        yield ("router_settings", "model_group_retry_policy", model), model
    for model in router.model_group_limits:
        yield ("router_settings", "model_group_limits", model), model
    for index, entry in enumerate(config.keys):
        for name, model in entry.aliases.items():
            yield ("keys", index, "aliases", name), model


def _aliased(config: ProxyConfig) -> Iterator[tuple[Place, str]]:
    for name, model in config.router_settings.aliases.items():
        yield ("router_settings", "model_group_alias", name), model
    for name, model in config.litellm_settings.model_alias_map.items():
        yield ("litellm_settings", "model_alias_map", name), model


def _fits(name: str, patterns: Iterable[Pattern]) -> bool:
    return any(pattern.match(name) is not None for pattern in patterns)


def _fallbacks(section: str, settings: FallbackSettings) -> Iterator[tuple[Place, str]]:
    for key in ("fallbacks", "context_window_fallbacks"):
        lists: FallbackLists = getattr(settings, key) or ()
        for index, entry in enumerate(lists):
            for model, others in entry.items():
                if model != STAR:
                    yield (section, key, index, model), model
                for place, other in enumerate(others):
                    yield (section, key, index, model, place), other
    for index, model in enumerate(settings.default_fallbacks or ()):
        yield (section, "default_fallbacks", index), model
