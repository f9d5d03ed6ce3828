"""The configuration's models, as pools of endpoints that can be called."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from adapters.base import Json
from adapters.deployment.compose import InvokerFor
from adapters.errors import ModelNotFound
from adapters.sagemaker.settings import AwsSettings
from proxy.assembly import Serving, pool, serving
from proxy.cache.answers import AnswerCache
from proxy.cache.model import CachedModel
from proxy.deployments import Deployment
from proxy.policies import Policies
from proxy.routing.answering import Answering
from proxy.routing.call import Report
from proxy.routing.live import LiveState
from proxy.routing.member import Member
from proxy.routing.model import PublicModel
from proxy.routing.pool import Pool
from proxy.telemetry.redactor import Redactor
from proxy.telemetry.transcript import TranscribedModel
from proxy.wildcards.catalogue import Catalogue
from proxy.wildcards.family import Family
from proxy.wildcards.listing import Listing
from proxy.wildcards.sample import Sample
from proxy.wildcards.wildcard import Wildcard

#: Gives the account behind a deployment's settings.
CatalogueFor = Callable[[AwsSettings], Catalogue]


class Registry:
    """Public model names and what answers under them: the names first, then the patterns.

    Of several patterns that a name fits, the one with the longest text beside its `*` decides.
    """

    def __init__(
        self,
        pools: Mapping[str, Pool],
        servings: Iterable[Serving],
        families: Iterable[Family] = (),
        *,
        report: Report,
        policies: Policies,
        cache: AnswerCache | None = None,
        transcript: Redactor | None = None,
    ) -> None:
        self._pools = dict(pools)
        #: What answers under the names of the configuration, once it has been asked.
        self._answering: dict[str, Answering] = {}
        self._report = report
        self._policies = policies
        self._cache = cache
        self._transcript = transcript
        self._servings = tuple(servings)
        self._families = tuple(
            sorted(families, key=lambda family: family.pattern.literal, reverse=True)
        )
        #: When this configuration was loaded, in Unix seconds.
        self.created = int(time.time())

    @property
    def listings(self) -> list[Listing]:
        """What must be refreshed."""
        return [listing for family in self._families for listing in family.listings]

    def members(self) -> Iterator[Member]:
        """Give the deployments that the configuration names, without what wildcards serve."""
        for each in self._pools.values():
            yield from each.members

    def servings(self) -> Iterator[Serving]:
        """Give the deployments in the configuration's order, then those that wildcards made."""
        yield from self._servings
        for family in self._families:
            yield from family.servings()

    def models(self) -> dict[str, str | None]:
        """Give the public names in the configuration's order, then those that were discovered.

        The latter have AWS's word for their state, such as `InService`. Aliases come after the
        models; patterns are not in it.
        """
        aliases = [name for name in self._policies.aliases if name not in self._policies.hidden]
        return {**dict.fromkeys([*self._pools, *aliases]), **self._discovered()}

    def cards(self) -> list[Json]:
        """Give what clients may know of each deployment, in the configuration's order.

        That is what the configuration says, the shapes of the replies seen since the start, and
        what was discovered.
        """
        return [
            *(each.card() for each in self._servings),
            *(card for family in self._families for card in family.cards()),
        ]

    def model(self, name: str) -> Answering:
        """Give what answers under a public name, or an alias, with those that stand in for it.

        Raises:
            ModelNotFound: nothing does.
        """
        known = self._answering.get(name)
        if known is not None:
            return known
        answering = self._made(self.pool(name))
        if name in self._pools:  # those of wildcards come and go
            self._answering[name] = answering
        return answering

    def _made(self, pool: Pool) -> Answering:
        model = PublicModel(
            pool=pool,
            find=self.pool,
            report=self._report,
            fallbacks=self._policies.fallbacks,
            ledger=self._policies.ledger,
        )
        answering: Answering = model
        if self._cache is not None:
            answering = CachedModel(
                inner=model, cache=self._cache, report=self._report, settings=pool.settings
            )
        if self._transcript is not None:
            answering = TranscribedModel(answering, self._transcript)
        return answering

    def behind(self, name: str) -> str:
        """Give the name of the model that another name stands for; else the name itself."""
        return self._policies.aliases.get(name, name)

    def pool(self, name: str) -> Pool:
        """Give a model's own deployments.

        Raises:
            ModelNotFound: there are none.
        """
        model = self.behind(name)
        found = self._pools.get(model) or self._matched(model)
        if found is None:
            raise ModelNotFound(
                f"The model '{name[:200]}' does not exist; GET /v1/models lists those that do.",
                param="model",
            )
        return found

    def _matched(self, model: str) -> Pool | None:
        family, captured = self._family(model)
        return None if family is None else family.pool(captured)

    def _family(self, model: str) -> tuple[Family | None, str]:
        """Give the first family that a name fits, and what stands for its `*`."""
        for family in self._families:
            captured = family.pattern.match(model)
            if captured is not None:
                return family, captured
        return None, ""

    def _discovered(self) -> dict[str, str]:
        """Give what was discovered and is reached by its name, in the order of the patterns."""
        return {
            name: status
            for family in self._families
            for name, status in family.listed().items()
            if name not in self._pools and self._family(name)[0] is family
        }


def build(
    built: Iterable[Deployment],
    invoker_for: InvokerFor,
    *,
    live: LiveState,
    policies: Policies,
    report: Report,
    families: Iterable[Family] = (),
    cache: AnswerCache | None = None,
    transcript: Redactor | None = None,
) -> Registry:
    """Give the registry: deployments of the same public name share a pool.

    With a `transcript` its models' conversations are logged, as that leaves them.
    """
    servings = [serving(each, each.invoker(invoker_for), live) for each in built]
    groups: dict[str, list[Serving]] = {}
    for each in servings:
        groups.setdefault(each.deployment.model, []).append(each)
    pools = {model: pool(model, group, policies) for model, group in groups.items()}
    return Registry(
        pools,
        servings,
        families,
        report=report,
        policies=policies,
        cache=cache,
        transcript=transcript,
    )


def families(
    samples: Iterable[Deployment],
    invoker_for: InvokerFor,
    catalogue_for: CatalogueFor,
    live: LiveState,
    policies: Policies,
) -> list[Family]:
    """Give what serves the names with a `*`: entries of the same name share their models."""
    groups: dict[str, list[Wildcard]] = {}
    for each in samples:
        groups.setdefault(each.model, []).append(_wildcard(each, invoker_for, catalogue_for))
    return [Family(model, group, live, policies) for model, group in groups.items()]


def _wildcard(entry: Deployment, invoker_for: InvokerFor, catalogue_for: CatalogueFor) -> Wildcard:
    sample, terms = Sample.of(entry), entry.params.discover
    listing = None
    if terms is not None:
        listing = Listing(sample, terms, catalogue_for(entry.composed.aws))
    return Wildcard(sample=sample, invoker=entry.invoker(invoker_for), listing=listing)
