"""A public name with a `*`, and the models that it turns out to stand for.

Knows which models have been asked for lately; refuses to know what stands beside this pattern.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Final

from adapters.base import Json
from adapters.value import value
from proxy.assembly import Serving, pool, serving
from proxy.policies import Policies
from proxy.routing.live import LiveState
from proxy.routing.pool import Pool
from proxy.wildcards.listing import Listing
from proxy.wildcards.pattern import Pattern
from proxy.wildcards.wildcard import Wildcard

#: Models that a pattern keeps ready; the one that was asked for longest ago goes first.
MOST_MODELS: Final = 1024


@value(frozen=True, slots=True)
class _Model:
    """A model that has been asked for, and the wildcards that had it then."""

    behind: tuple[Wildcard, ...]
    serving: tuple[Serving, ...]
    pool: Pool


class Family:
    """The models of one pattern: made when they are first asked for, and kept for a while.

    Args:
        model: The pattern.
        wildcards: Its entries, in the configuration's order.
        live: Knows deployments while they serve.
        policies: What holds for groups.
        most: How many models are kept.
    """

    def __init__(
        self,
        model: str,
        wildcards: Sequence[Wildcard],
        live: LiveState,
        policies: Policies,
        *,
        most: int = MOST_MODELS,
    ) -> None:
        self.pattern = Pattern.of(model)
        self._wildcards = tuple(wildcards)
        self._live = live
        self._policies = policies
        self._most = most
        self._models: OrderedDict[str, _Model] = OrderedDict()

    def pool(self, captured: str) -> Pool | None:
        """Give what answers with this text in place of the `*`; None: nothing, or not any more."""
        name = self.pattern.fill(captured)
        behind = tuple(each for each in self._wildcards if each.reaches(captured))
        known = self._models.get(name)
        if known is not None and known.behind == behind:
            self._models.move_to_end(name)
            return known.pool
        self._models.pop(name, None)
        return self._made(name, captured, behind) if behind else None

    @property
    def listings(self) -> list[Listing]:
        """What its entries know of their accounts."""
        return [each.listing for each in self._wildcards if each.listing is not None]

    def servings(self) -> Iterator[Serving]:
        """Give the deployments of the models that are kept."""
        for model in self._models.values():
            yield from model.serving

    def listed(self) -> dict[str, str]:
        """Give the public names that the accounts have, each with AWS's word for its state."""
        return {
            self.pattern.fill(captured): status
            for wildcard in reversed(self._wildcards)  # the first one's word counts
            for captured, status in wildcard.listed.items()
        }

    def cards(self) -> Iterator[Json]:
        """Give what clients may know: of the entries, and of what the accounts have for them."""
        for wildcard in self._wildcards:
            yield wildcard.sample.entry.card()
            for captured, status in wildcard.listed.items():
                card = self._card(wildcard, captured)
                yield {**card, "model_info": {**card["model_info"], "status": status}}

    def _card(self, wildcard: Wildcard, captured: str) -> Json:
        name = self.pattern.fill(captured)
        known = self._models.get(name)
        made = dict(zip(known.behind, known.serving, strict=True)) if known else {}
        return made[wildcard].card() if wildcard in made else wildcard.sample.card(captured)

    def _made(self, name: str, captured: str, behind: tuple[Wildcard, ...]) -> Pool:
        served = tuple(self._serving(captured, each) for each in behind)
        made = _Model(behind, served, pool(name, served, self._policies))
        self._models[name] = made
        if len(self._models) > self._most:
            self._models.popitem(last=False)
        return made.pool

    def _serving(self, captured: str, wildcard: Wildcard) -> Serving:
        deployment = wildcard.sample.deployment(captured)
        return serving(deployment, wildcard.invoker, self._live)
