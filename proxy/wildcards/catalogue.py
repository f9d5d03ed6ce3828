"""What discovery needs to know of an AWS account, and nothing of how it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from adapters.base import Json

#: Endpoint and component states in which requests are answered, those of an update included.
#: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
SERVING: Final = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})


class Catalogue(Protocol):
    """One account's endpoints in one region, in AWS's own words; each method gives all pages.

    Every method raises `UpstreamError`, whose `code` is AWS's.
    """

    async def list_endpoints(self, name_contains: str | None = None) -> Sequence[Json]:
        """Give the endpoints whose names have this text in them: ListEndpoints' summaries."""
        ...

    async def list_components(self, endpoint: str) -> Sequence[Json]:
        """Give an endpoint's inference components: ListInferenceComponents' summaries."""
        ...

    async def list_tags(self, arn: str) -> Mapping[str, str]:
        """Give the tags of an endpoint."""
        ...
