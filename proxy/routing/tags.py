"""Which deployments a request's tags choose, as LiteLLM's tag routing does.

Source: https://docs.litellm.ai/docs/proxy/tag_routing
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.errors import InvalidRequest
from proxy.routing.member import Member

#: Marks the deployments of requests that no other tag fits.
_DEFAULT: Final = "default"


def tagged(members: Sequence[Member], tags: frozenset[str]) -> Sequence[Member]:
    """Give the deployments that have one of the tags, or else those for everybody.

    For everybody are those tagged `default`; a request without tags gets all where none is.

    Raises:
        InvalidRequest: the request has tags, and there is no deployment for it.
    """
    fitting = [member for member in members if tags & member.tags]
    everybodys = fitting or [member for member in members if _DEFAULT in member.tags]
    if everybodys or not tags:
        return everybodys or members
    raise InvalidRequest(
        "No deployment of the model has any of the request's tags.",
        param="tags",
        code="no_deployments_with_tag",
    )
