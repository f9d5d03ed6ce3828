"""Clients of AWS's services, made by AWS's own library and signed by our credentials.

Knows addresses, time limits and how a failure is told. Refuses to know what is asked. AWS's library
is loaded when the first client is made, and not before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from email.utils import parsedate_to_datetime
from typing import Any, Final

from adapters.base import Json
from adapters.errors import EndpointNotFound, UpstreamError
from adapters.redaction import without_secrets
from adapters.sagemaker.aws_session import network_session
from adapters.sagemaker.credentials import CredentialProvider
from adapters.sagemaker.network import DIRECT, Network

#: Seconds.
_CONNECT: Final = 5
_READ: Final = 15
_TRIES: Final = 3

#: A service's name in AWS's endpoint variables, which is not its client's name.
#: https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html
_VARIABLES: Final = {
    "sagemaker": "AWS_ENDPOINT_URL_SAGEMAKER",
    "s3": "AWS_ENDPOINT_URL_S3",
    "sts": "AWS_ENDPOINT_URL_STS",
    "iam": "AWS_ENDPOINT_URL_IAM",
    "application-autoscaling": "AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING",
    "cloudwatch": "AWS_ENDPOINT_URL_CLOUDWATCH",
}
_EVERY_SERVICE: Final = "AWS_ENDPOINT_URL"
_IGNORE: Final = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
#: SageMaker's own words for a name that it does not know; the code is that of any bad request.
_MISSING: Final = "Could not find"
_LONGEST_TEXT: Final = 500
_MODELS: Final = ("service-2", "endpoint-rule-set-1")


def endpoint_url(service: str, environ: Mapping[str, str]) -> str | None:
    """Give the address that AWS's variables name for a service; None leaves it to the region."""
    if environ.get(_IGNORE, "").lower() == "true":
        return None
    return environ.get(_VARIABLES[service]) or environ.get(_EVERY_SERVICE) or None


class AwsClients:
    """One client for each service that is asked, made when it first is.

    Args:
        region: Where the services are.
        credentials: Who signs; read anew for each call.
        environ: AWS's endpoint variables are looked up here.
        url: The address of every service, whatever the variables say.
        network: What they are reached through.
    """

    def __init__(
        self,
        region: str,
        credentials: CredentialProvider,
        environ: Mapping[str, str],
        *,
        url: str | None = None,
        network: Network = DIRECT,
    ) -> None:
        self._region = region
        self._credentials = credentials
        self._environ = environ
        self._url = url
        self._network = network
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._opening = asyncio.Lock()
        self._open = AsyncExitStack()
        #: Seconds that this machine's clock is ahead of AWS's, as the last answer has it.
        self.clock_skew: float | None = None

    async def aclose(self) -> None:
        """Close every connection."""
        self._clients.clear()
        await self._open.aclose()

    async def call(self, service: str, operation: str, **arguments: Any) -> Json:
        """Give a service's answer.

        Args:
            service: As AWS's library names it.
            operation: Its method's name there.
            arguments: As AWS names them.

        Raises:
            EndpointNotFound: SageMaker does not know what is asked about.
            UpstreamError: there is no answer, or another refusal; `code` is AWS's name for it.
        """
        try:
            client = await self._client(service)
            answer: Json = await getattr(client, operation)(**arguments)
        except UpstreamError:  # from our own credentials
            raise
        except Exception as error:  # botocore's plug-ins and transports raise anything
            self._note_time(getattr(error, "response", {}))
            raise _explained(error, operation) from error
        self._note_time(answer)
        return answer

    async def _client(self, service: str) -> Any:
        async with self._opening:
            if service not in self._clients:
                self._clients[service] = await self._made(service)
            return self._clients[service]

    async def _made(self, service: str) -> Any:
        self._session = await asyncio.to_thread(self._prepared, service)
        from aiobotocore.config import AioConfig  # noqa: PLC0415 - see the module's docstring

        config = AioConfig(
            connect_timeout=_CONNECT,
            read_timeout=_READ,
            retries={"mode": "standard", "total_max_attempts": _TRIES},
        )
        client = self._session.create_client(
            service,
            region_name=self._region,
            endpoint_url=self._url or endpoint_url(service, self._environ),
            config=config,
        )
        return await self._open.enter_async_context(client)

    def _prepared(self, service: str) -> Any:
        """Load the library and a service's model, on a thread: both take their time."""
        session = self._session
        if session is None:
            session = network_session(self._network)
            session.register_component("credential_provider", _Chain(self._credentials))
        loader = session.get_component("data_loader")
        for kind in _MODELS:
            loader.load_service_model(service, kind)
        return session

    def _note_time(self, answer: Mapping[str, Any]) -> None:
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        try:
            date = parsedate_to_datetime(headers.get("date", ""))
            self.clock_skew = time.time() - date.timestamp()
        except (ValueError, OverflowError):
            return  # no clock to compare with


class _Chain:
    """Stands where AWS's library has its own chain of credentials."""

    def __init__(self, credentials: CredentialProvider) -> None:
        self._credentials = credentials

    async def load_credentials(self) -> Any:
        """Give credentials that the library freezes, and so reads anew, before each signature."""
        from aiobotocore.credentials import AioCredentials  # noqa: PLC0415 - see the module's docstring

        provider = self._credentials

        class Provided(AioCredentials):  # type: ignore[misc]  # untyped
            async def get_frozen_credentials(self) -> Any:
                return await provider.current()

        return Provided("provided", "provided")


def _explained(error: Exception, operation: str) -> UpstreamError:
    said = getattr(error, "response", {}).get("Error", {})
    code = str(said.get("Code") or type(error).__name__)
    lines = str(said.get("Message") or error).splitlines()
    text = lines[0][:_LONGEST_TEXT] if lines else ""
    kind = EndpointNotFound if text.startswith(_MISSING) else UpstreamError
    return kind(
        f"AWS did not answer {operation}.",
        code=code,
        should_retry=False,
        detail=f"{code}: {without_secrets(text)}",
    )
