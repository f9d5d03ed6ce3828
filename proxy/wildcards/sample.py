"""One entry of `model_list` with a `*`, and the deployments that can be made of it.

What a client asks for becomes part of an address only here, and only once it is a name that
SageMaker allows and that the configuration has. Refuses to know what an account has.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from adapters.base import COMPONENT_NAME, Json
from adapters.value import value
from proxy.config.deployment import DeploymentParams
from proxy.deployments import Deployment
from proxy.wildcards.pattern import STAR, Pattern

#: SageMaker has one rule for the names of both.
_NAME: Final = COMPONENT_NAME


@value(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """What makes deployments that are alike but for their names.

    Where components are looked for, what stands for the `*` may be `part/component`.

    Args:
        entry: The entry, checked with a stand-in for its `*`.
        name: Its public name.
        endpoint: Its endpoint's name.
        allows: Whether the configuration lets an endpoint be reached; None: it names none.
    """

    entry: Deployment
    name: Pattern
    endpoint: Pattern
    allows: Callable[[str], bool] | None = None

    @classmethod
    def of(cls, entry: Deployment) -> Sample:
        """Give the sample of a wildcard's entry."""
        return cls(
            entry=entry,
            name=Pattern.of(entry.model),
            endpoint=Pattern.of(entry.params.address.endpoint),
            allows=allowing(entry.params.allowed_endpoints),
        )

    def admits(self, captured: str) -> bool:
        """Whether this text may stand for the `*`: by SageMaker's rules and the allow-list."""
        endpoint = self._endpoint_for(captured)
        return endpoint is not None and (self.allows is None or self.allows(endpoint))

    def deployment(self, captured: str) -> Deployment:
        """Give the deployment with this text for the `*`; it must be one that is admitted."""
        params = self._params(captured)
        # A template is the same for all endpoints, and the entry has read and compiled it.
        without_template = params.model_copy(update={"chat_template": None})
        model = self.name.fill(captured)
        composed = self.entry.composer(model, without_template)
        if params.chat_template is not None:
            prompt = self.entry.target.prompt
            composed = replace(composed, target=replace(composed.target, prompt=prompt))
        return replace(
            self.entry, id=self._id(captured), model=model, composed=composed, params=params
        )

    def card(self, captured: str) -> Json:
        """Give what clients may know of that deployment, which need not have been made for it."""
        card, params = self.entry.card(), self._params(captured)
        told = {"model": params.model}
        if params.model_id is not None:
            told["model_id"] = params.model_id
        return {
            "model_name": self.name.fill(captured),
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
        discover = self.entry.params.discover
        return discover is not None and discover.components

    def _params(self, captured: str) -> DeploymentParams:
        part, _, component = captured.partition("/")
        own = self.entry.params
        said: dict[str, Any] = {"model": own.model.replace(STAR, part)}
        if component:
            said["model_id"] = component
        return own.model_copy(update=said)

    def _id(self, captured: str) -> str:
        return hashlib.sha256(repr((self.entry.id, captured)).encode()).hexdigest()[:16]


def fitting(samples: Iterable[Sample], model: str) -> tuple[Sequence[Sample], str]:
    """Give the samples that a public name belongs to, and what stands for their `*`.

    Of several patterns that the name fits, the one with the longest text beside its `*` has it.
    """
    fits = [each for each in samples if each.name.match(model) is not None]
    if not fits:
        return (), ""
    pattern = max((each.name for each in fits), key=lambda name: name.literal)
    return [each for each in fits if each.name == pattern], pattern.match(model) or ""


def allowing(names: Iterable[str] | None) -> Callable[[str], bool] | None:
    """Give the test for being one of these names, in which `*` stands for any text.

    Args:
        names: Of letters, digits, hyphens and `*`; None: there is nothing to test.
    """
    if names is None:
        return None
    one_of = re.compile("|".join(map(fnmatch.translate, names)))
    return lambda name: one_of.match(name) is not None
