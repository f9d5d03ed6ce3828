"""Sessions of AWS's own library, which is loaded here, when an identity needs it, and not before.

Whatever reads files or parses models happens on a thread: the event loop goes on.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from adapters.sagemaker.aws_session import network_session
from adapters.sagemaker.network import DIRECT, Network

_DATA = ("endpoints", "partitions", "_retry", "sdk-default-configuration")
_STS_MODELS = ("service-2", "endpoint-rule-set-1")


async def open_session(
    region: str, profile: str | None = None, *, network: Network = DIRECT
) -> Any:
    """Give an `aioboto3.Session` that has read what it needs.

    Args:
        region: Holds where AWS's own files and variables name none.
        profile: A profile of AWS's files; None leaves the choice to AWS's variables.
        network: What all of the session's clients reach AWS through.

    Raises:
        Exception: botocore's, such as `ProfileNotFound`.
    """
    return await asyncio.to_thread(_session, region, profile, network)


def _session(region: str, profile: str | None, network: Network) -> Any:
    import aioboto3  # noqa: PLC0415 - lazy: 30 MB and 0.3 s that static keys never need

    session = aioboto3.Session(profile_name=profile, botocore_session=network_session(network))
    core = session._session  # noqa: SLF001 - aioboto3 has no public way to what it wraps
    if core.get_config_variable("region") is None:
        core.set_config_variable("region", region)
    # AWS's former global endpoint is one region's: https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html
    core.set_config_variable("sts_regional_endpoints", "regional")
    core.register_component("data_loader", _data_loader())
    return session


@cache
def _data_loader() -> Any:
    """Read the library's own data files, once for the process: a tenth of a second and more."""
    import botocore.loaders  # noqa: PLC0415 - see above

    loader = botocore.loaders.create_loader()
    for name in _DATA:
        loader.load_data(name)
    for kind in _STS_MODELS:
        loader.load_service_model("sts", kind)
    return loader
