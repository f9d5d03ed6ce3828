"""The same gateway with few of something, and with many.

Knows configurations; refuses to know how anything is measured.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from benchmarks.cells import Cell
from benchmarks.questions import of_openai
from benchmarks.targets.sagegate import PATH, Configuration, sagegate
from benchmarks.targets.target import CALLER_KEY, Start

STRATEGIES: Final = (
    "simple-shuffle",
    "least-busy",
    "latency-based-routing",
    "usage-based-routing-v2",
)


def _nothing(configuration: Configuration) -> None:
    """Leave it as it is."""
    del configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A gateway with its own configuration.

    Args:
        name: In tables.
        change: Changes the configuration of a small gateway.
        model: What it is asked for.
        key: The caller's.
    """

    name: str
    change: Callable[[Configuration], None] = _nothing
    model: str = "chat"
    key: str = field(default=CALLER_KEY, repr=False)

    def start(self) -> Start:
        """Give what starts it."""
        return sagegate(
            name=self.name,
            change=self.change,
            ask=lambda cell: of_openai(PATH, self._asked(cell), self.key, stream=cell.stream),
        )

    def _asked(self, cell: Cell) -> str:
        """Give the model; the first answer of all comes from the container's own."""
        return self.model if cell.endpoint == "chat" else cell.endpoint


def models(count: int) -> Variant:
    """Give a gateway with so many models; the one in the middle is asked for."""

    def change(configuration: Configuration) -> None:
        _add(configuration, [f"model-{number}" for number in range(count)])

    return Variant(name=f"{count} models", change=change, model=f"model-{count // 2}")


def wildcards(count: int) -> Variant:
    """Give a gateway with so many patterns; the one in the middle is asked for."""

    def change(configuration: Configuration) -> None:
        for number in range(count):
            _add(configuration, [f"family-{number}/*"])
            configuration["model_list"][-1]["litellm_params"]["model"] = "sagemaker_chat/*"
            configuration["model_list"][-1]["litellm_params"]["allowed_endpoints"] = ["chat"]

    return Variant(name=f"{count} patterns", change=change, model=f"family-{count // 2}/chat")


def group(count: int, strategy: str) -> Variant:
    """Give a gateway with so many deployments behind one name."""

    def change(configuration: Configuration) -> None:
        _add(configuration, ["group"] * count)
        configuration["router_settings"] = {"routing_strategy": strategy}

    return Variant(name=f"{count} behind a name, {strategy}", change=change, model="group")


def static_keys(count: int) -> Variant:
    """Give a gateway whose configuration has so many keys; the one in the middle asks."""

    def change(configuration: Configuration) -> None:
        configuration["keys"] = [
            {"key": f"sha256:{sha256(key_of(number).encode()).hexdigest()}", "alias": f"a{number}"}
            for number in range(count)
        ]

    return Variant(name=f"{count} static keys", change=change, key=key_of(count // 2))


def key_of(number: int) -> str:
    """Give a caller's key."""
    return f"sk-benchmarks-{number}"


def _add(configuration: Configuration, names: list[str]) -> None:
    (sample,) = (each for each in configuration["model_list"] if each["model_name"] == "chat")
    configuration["model_list"] += [{**deepcopy(sample), "model_name": name} for name in names]
