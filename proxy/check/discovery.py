"""What a wildcard matches now, as one look at the account has it.

Knows how a look is judged; refuses to know how AWS is asked, and how what is found is examined.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from adapters.base import Json
from adapters.errors import UpstreamError
from proxy.check.finding import Finding, Level
from proxy.check.judgement.refusal import refusal
from proxy.config.wildcard import Discover
from proxy.wildcards.sample import Sample
from proxy.wildcards.search import search

#: Endpoints, or components, of one wildcard that are examined.
MOST: Final = 20
#: A wildcard that does not discover reaches whatever fits.
_WHATEVER_FITS: Final = Discover()

#: Asks a method of `ControlPlane`.
Ask = Callable[..., Awaitable[Any]]


class Account:
    """An account's endpoints, each question asked once; a `Catalogue`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def list_endpoints(self, name_contains: str | None = None) -> Sequence[Json]:
        """Give the endpoints whose names have this text in them."""
        found: Sequence[Json] = await self._ask("list_endpoints", name_contains)
        return found

    async def list_components(self, endpoint: str) -> Sequence[Json]:
        """Give an endpoint's inference components."""
        found: Sequence[Json] = await self._ask("list_components", endpoint)
        return found

    async def list_tags(self, arn: str) -> Mapping[str, str]:
        """Give the tags of an endpoint."""
        found: Mapping[str, str] = await self._ask("list_tags", arn)
        return found


async def matches(
    sample: Sample, ask: Ask, reaches: Callable[[str], bool]
) -> tuple[list[Finding], list[str]]:
    """Look at what a wildcard matches now.

    Args:
        sample: The wildcard.
        ask: Gives the answer to a question.
        reaches: Whether a public name comes to this wildcard, and not to another entry.

    Returns:
        What is said of the wildcard itself, and what stands for its `*`, `MOST` at most.
    """
    try:
        found = await search(sample, _terms(sample), Account(ask))
    except UpstreamError as error:
        return [_refused(sample, error)], []
    reached = [each for each in found if reaches(sample.name.fill(each))]
    if not reached:
        return [_told("warning", "matches nothing that serves now")], []
    told = [_told("ok", f"matches {len(reached)} now")]
    if len(reached) > MOST:
        more = f"{len(reached) - MOST} more are not examined; --model NAME examines one of them"
        told.append(_told("hint", more))
    return told, reached[:MOST]


async def listed(sample: Sample, model: str, ask: Ask) -> list[Finding]:
    """Say whether a wildcard that discovers has found a model, without which it is not served."""
    if sample.entry.params.discover is None:
        return []
    try:
        found = await search(sample, _terms(sample), Account(ask))
    except UpstreamError as error:
        return [_refused(sample, error)]
    if sample.name.match(model) in found:
        return [_told("ok", f"{sample.entry.model} finds it")]
    text = f"{sample.entry.model} does not find it: clients are answered 404"
    return [_told("failure", text)]


def _terms(sample: Sample) -> Discover:
    return sample.entry.params.discover or _WHATEVER_FITS


def _refused(sample: Sample, error: UpstreamError) -> Finding:
    """Judge a refusal: serving needs the listing only where the wildcard is to discover."""
    terms = sample.entry.params.discover
    if terms is None:
        return refusal("discovery", "what it matches", error)
    actions = ["sagemaker:ListEndpoints"]
    actions += ["sagemaker:ListTags"] * bool(terms.tags)
    actions += ["sagemaker:ListInferenceComponents"] * terms.components
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return Finding(
        level="failure",
        check="discovery",
        text=f"nothing can be discovered: {error.detail or error.message}",
        advice=f"It needs this statement.\n{json.dumps(statement, indent=2)}",
    )


def _told(level: Level, text: str) -> Finding:
    return Finding(level=level, check="discovery", text=text)
