"""The configuration's paths against the routes that there are: a misspelt lock locks nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from adapters.errors import ConfigError
from proxy.config.schema import GeneralSettings


def unknown_routes(general: GeneralSettings) -> Iterator[ConfigError]:
    """Give each path of `allowed_routes` and `admin_only_routes` that is no route's."""
    said = {
        "allowed_routes": general.allowed_routes,
        "admin_only_routes": general.admin_only_routes,
    }
    if not any(said.values()):
        return
    from proxy.auth.route_rules import Access  # noqa: PLC0415 - with the next one
    from proxy.routes import ROUTES  # noqa: PLC0415 - the web framework loads only when needed

    paths = [path for each in ROUTES if each.access is not Access.PUBLIC for path in each.paths]
    for name, routes in said.items():
        for index, path in enumerate(routes):
            if path not in paths:
                close = difflib.get_close_matches(path, paths, n=1)
                hint = f" (did you mean {close[0]}?)" if close else ""
                yield ConfigError(
                    f"there is no such route with a key{hint}",
                    path=("general_settings", name, index),
                )
