"""Objects of S3, read whole: for configurations, never on a request's way.

Knows one operation of S3; refuses to know what is in an object.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, Final

from adapters.errors import UpstreamError
from adapters.sagemaker.aws_clients import AwsClients
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.network import Network
from adapters.sagemaker.settings import AwsSettings

#: Bytes: far more than any configuration has.
LARGEST: Final = 8 * 1024 * 1024


async def read_object(
    bucket: str,
    key: str,
    settings: AwsSettings,
    network: Network,
    environ: Mapping[str, str],
) -> bytes:
    """Read one object.

    Args:
        bucket: The bucket's name; it may be in another region.
        key: The object's.
        settings: Who reads, and the region that is asked first.
        network: What AWS is reached through.
        environ: `AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL` are looked up here.

    Raises:
        UpstreamError: it can't be had, or is larger than 8 MiB; `code` is AWS's name for it.
    """
    provider = Identities(network).provider(settings)
    clients = AwsClients(settings.region, provider, environ, network=network)
    async with aclosing(clients):
        answer = await clients.call("s3", "get_object", Bucket=bucket, Key=key)
        return await _content(answer["Body"], answer["ContentLength"])


async def _content(body: Any, length: int) -> bytes:
    if length > LARGEST:
        raise UpstreamError(
            "The object is too large.",
            code="TooLarge",
            detail=f"it has {length} bytes, more than {LARGEST // (1024 * 1024)} MiB",
        )
    try:
        content: bytes = await body.read()
    except Exception as error:  # as in `AwsClients.call`: transports raise anything
        raise UpstreamError(
            "The object broke off.", code=type(error).__name__, detail="the object broke off"
        ) from error
    return content
