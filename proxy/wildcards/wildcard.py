"""One entry of `model_list` with a `*`: which endpoints it reaches, and their deployments.

What a client asks for becomes part of an address only here, and only once it is a name that
SageMaker allows and that the configuration, or the account's listing, has.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from adapters.base import COMPONENT_NAME, Invoker, Json
from proxy.config.deployment import DeploymentParams
from proxy.deployments import Deployment
from proxy.wildcards.listing import Listing
from proxy.wildcards.pattern import STAR, Pattern

#: SageMaker has one rule for the names of both.
_NAME: Final = COMPONENT_NAME


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wildcard:
    """Deployments that are alike but for their names.

    Where components are looked for, what stands for the `*` may be `part/component`.

    Args:
        sample: The entry, checked with a stand-in for its `*`.
        endpoint: Its endpoint's name.
        invoker: The way to all of its endpoints.
        allows: Whether the configuration lets an endpoint be reached; None: it names none.
        listing: What the account has; None: it is not asked.
    """

    sample: Deployment
    endpoint: Pattern
    invoker: Invoker
    allows: Callable[[str], bool] | None = None
    listing: Listing | None = None

    @property
    def listed(self) -> Mapping[str, str]:
        """What the account has in place of the `*`, each with AWS's word for its state."""
        found = self.listing.found if self.listing else None
        return {} if found is None else found

    def reaches(self, captured: str) -> bool:
        """Whether there is a deployment for this text in place of the `*`."""
        endpoint = self._endpoint_for(captured)
        if endpoint is None or (self.allows is not None and not self.allows(endpoint)):
            return False
        if self.listing is None:
            return True
        if self.listing.found is None:
            return self.allows is not None
        return captured in self.listing.found

    def deployment(self, model: str, captured: str) -> Deployment:
        """Give the deployment that serves a public name; the text must be one that it reaches."""
        params = self._params(captured)
        # A template is the same for all endpoints, and the sample has read and compiled it.
        without_template = params.model_copy(update={"chat_template": None})
        composed = self.sample.composer(model, without_template)
        if params.chat_template is not None:
            prompt = self.sample.target.prompt
            composed = replace(composed, target=replace(composed.target, prompt=prompt))
        return replace(
            self.sample, id=self._id(captured), model=model, composed=composed, params=params
        )

    def card(self, model: str, captured: str) -> Json:
        """Give what clients may know of that deployment, which need not have been made for it."""
        card, params = self.sample.card(), self._params(captured)
        told = {"model": params.model}
        if params.model_id is not None:
            told["model_id"] = params.model_id
        return {
            "model_name": model,
            "litellm_params": {**card["litellm_params"], **told},
            "model_info": {**card["model_info"], "id": self._id(captured)},
        }

    def _endpoint_for(self, captured: str) -> str | None:
        """Give the endpoint's name; None where there can be no such endpoint or component."""
        part, slash, component = captured.partition("/")
        endpoint = self.endpoint.fill(part)
        if not part or not _NAME.fullmatch(endpoint):
            return None
        if slash and not (self._finds_components and _NAME.fullmatch(component)):
            return None
        return endpoint

    @property
    def _finds_components(self) -> bool:
        discover = self.sample.params.discover
        return discover is not None and discover.components

    def _params(self, captured: str) -> DeploymentParams:
        part, _, component = captured.partition("/")
        own = self.sample.params
        said: dict[str, Any] = {"model": own.model.replace(STAR, part)}
        if component:
            said["model_id"] = component
        return own.model_copy(update=said)

    def _id(self, captured: str) -> str:
        return hashlib.sha256(repr((self.sample.id, captured)).encode()).hexdigest()[:16]


def allowing(names: Iterable[str] | None) -> Callable[[str], bool] | None:
    """Give the test for being one of these names, in which `*` stands for any text.

    Args:
        names: Of letters, digits, hyphens and `*`; None: there is nothing to test.
    """
    if names is None:
        return None
    one_of = re.compile("|".join(map(fnmatch.translate, names)))
    return lambda name: one_of.match(name) is not None
