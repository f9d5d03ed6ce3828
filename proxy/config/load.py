"""`config.yaml` to a frozen `ProxyConfig`, with every problem told at once and at its place.

The order: read and join the files, take `environment_variables`, resolve `os.environ/NAME`, judge
the keys, put named credentials in, spread the router's defaults, validate the values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from adapters.deployment.wording import plain_words
from adapters.errors import ConfigError
from proxy.config.credentials import with_credentials
from proxy.config.defaults import spread_defaults
from proxy.config.document import document
from proxy.config.environment import exported, resolved
from proxy.config.keys import judged
from proxy.config.problems import ConfigProblems, Place, Report
from proxy.config.schema import ProxyConfig
from proxy.config.source import read_tree
from proxy.config.tree import Node, from_plain


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid configuration and what the operator should hear about it."""

    config: ProxyConfig
    #: Keys that are not used and why; warnings of a lenient load.
    notices: tuple[str, ...]
    #: `environment_variables`: for the process to export before it starts anything.
    exports: Mapping[str, str] = field(repr=False)
    _tree: Node = field(repr=False)

    def located(self, errors: Iterable[ConfigError]) -> ConfigProblems:
        """Give later errors, which know a key path only, their file, line and column."""
        return ConfigProblems(
            tuple(self._tree.locate(error.path).says(error.message) for error in errors)
        )


def load_config(path: str | Path, environ: Mapping[str, str], *, lenient: bool = False) -> Loaded:
    """Load a configuration.

    Args:
        path: The YAML file, or an object as `s3://BUCKET/KEY`; what it includes is relative to it.
        environ: What `os.environ/NAME` refers to; it is not changed.
        lenient: Turn unknown keys and unset variables into warnings.

    Raises:
        ConfigProblems: all problems, one line each: `file:line:column: key: what was expected`.
    """
    report = Report(lenient=lenient)
    root = read_tree(document(path, environ), environ, report)
    if root is None:
        report.raise_problems()
    return _loaded(root or Node(Place(str(path)), {}), environ, report)


def load_tree(root: Node, environ: Mapping[str, str], report: Report) -> Loaded:
    """Load what `source.read_tree` has given; the report keeps what is told on the way.

    Raises:
        ConfigProblems: as `load_config`.
    """
    return _loaded(root, environ, report)


def load_values(values: Mapping[str, Any], source: str) -> Loaded:
    """Validate values that come from elsewhere than a file, such as the command line.

    Raises:
        ConfigProblems: as `load_config`, with `source` in place of the file.
    """
    return _loaded(from_plain(values, Place(source)), {}, Report())


def _loaded(root: Node, environ: Mapping[str, str], report: Report) -> Loaded:
    root, exports = exported(root, environ, report)
    root = resolved(root, {**environ, **exports}, report) or root
    root = spread_defaults(with_credentials(judged(root, report), report))
    config = _validated(root, report)
    report.raise_problems()
    return Loaded(config, report.notices(), MappingProxyType(exports), root)


def _validated(root: Node, report: Report) -> ProxyConfig:
    try:
        config = ProxyConfig.model_validate(root.plain())
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            report.refuse_value(root.locate(detail["loc"]), plain_words(detail))
        raise report.error() from None  # the cause knows the values
    _check_ids(config, root, report)
    return config


def _check_ids(config: ProxyConfig, root: Node, report: Report) -> None:
    first: dict[str, int] = {}
    for index, entry in enumerate(config.model_list):
        deployment = entry.model_info.id
        if deployment is None:
            continue
        if first.setdefault(deployment, index) != index:
            place = root.locate(("model_list", index, "model_info", "id"))
            report.refuse(place, f"model_list[{first[deployment]}] has the same id")
