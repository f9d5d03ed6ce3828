"""AWS's default chain, and its profiles: botocore's business, asked anew at each refresh.

So a profile's file that was edited, or variables that were changed, count from then on.

The chain: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from __future__ import annotations

from adapters.sagemaker.aws_library import open_session
from adapters.sagemaker.credentials import Credentials, Issued
from adapters.sagemaker.network import DIRECT, Network
from adapters.sagemaker.refreshing import unavailable


class Chain:
    """Fetches what the chain finds, or a profile has.

    Args:
        region: Where the chain itself calls STS, unless AWS's files or variables say.
        profile: A profile of AWS's files; its role and source profile are followed.
        network: What STS and single sign-on are reached through.
    """

    def __init__(
        self, region: str, profile: str | None = None, *, network: Network = DIRECT
    ) -> None:
        self._region = region
        self._network = network
        self._profile = profile

    async def __call__(self, stale: Credentials | None) -> Issued:
        """Fetch credentials.

        Raises:
            UpstreamError: there are none.
        """
        del stale  # nothing is kept here
        session = await open_session(self._region, self._profile, network=self._network)
        found = await session.get_credentials()
        if found is None:
            raise unavailable(
                "The gateway has no AWS credentials.",
                code="credentials_not_found",
                detail="no link of the default AWS chain has credentials; name keys or a profile "
                "in the model, or set AWS's variables, or give the machine a role",
            )
        frozen = await found.get_frozen_credentials()
        # botocore has no public name for the end; credentials without one have no such field
        end = getattr(found, "_expiry_time", None)
        return Issued(
            Credentials(frozen.access_key, frozen.secret_key, frozen.token),
            None if end is None else end.timestamp(),
        )
