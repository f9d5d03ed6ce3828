"""What an account has for a wildcard now: one look.

Knows what is wanted; refuses to know when to look, and what a failure means.
"""

from __future__ import annotations

from adapters.base import Json
from proxy.config.wildcard import Discover
from proxy.wildcards.catalogue import SERVING, Catalogue
from proxy.wildcards.sample import Sample


async def search(sample: Sample, terms: Discover, catalogue: Catalogue) -> dict[str, str]:
    """Give what the `*` may stand for, each with AWS's word for its state, in order of name.

    A component stands behind what stands for its endpoint: `part/component`. One call goes out
    after the other: AWS counts them for the whole account.

    Raises:
        UpstreamError: AWS does not answer, or refuses.
    """
    found: dict[str, str] = {}
    for endpoint in await catalogue.list_endpoints(terms.name_contains):
        name, status = endpoint["EndpointName"], endpoint["EndpointStatus"]
        part = sample.endpoint.match(name)
        if part is None or status not in SERVING or not sample.admits(part):
            continue
        if await _is_tagged(endpoint, terms, catalogue):
            found |= await _captures(name, part, status, terms, catalogue)
    return dict(sorted(found.items()))


async def _is_tagged(endpoint: Json, terms: Discover, catalogue: Catalogue) -> bool:
    return not terms.tags or (
        terms.tags.items() <= (await catalogue.list_tags(endpoint["EndpointArn"])).items()
    )


async def _captures(
    name: str, part: str, status: str, terms: Discover, catalogue: Catalogue
) -> dict[str, str]:
    """Give an endpoint itself, or its components where it has some."""
    components = await catalogue.list_components(name) if terms.components else ()
    if not components:
        return {part: status}
    return {
        f"{part}/{each['InferenceComponentName']}": each["InferenceComponentStatus"]
        for each in components
        if each["InferenceComponentStatus"] in SERVING
    }
