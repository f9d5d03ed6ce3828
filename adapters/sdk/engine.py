"""What the SDK's loop does: endpoints made once for equal settings, called within their time.

A composition root, beside the proxy: brings deployments and the way to AWS together. Loaded by the
first call; everything here runs on the SDK's own loop.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from weakref import WeakSet

from adapters.answer import Answer
from adapters.answer_stream import AnswerStream
from adapters.base import Invoker, Json, Limits, Task
from adapters.deadline import within
from adapters.deployment.address import parse_model
from adapters.deployment.compose import aws_settings, compose
from adapters.deployment.settings import Settings
from adapters.endpoint import Endpoint
from adapters.errors import ConfigError, InvalidRequest
from adapters.openai.schemas import SCHEMAS, AddressedRequest, schemas_of
from adapters.openai.validation import validate
from adapters.sagemaker.connections import Connections
from adapters.sagemaker.network import read_network
from adapters.sagemaker.settings import AwsSettings
from adapters.sdk.arguments import Arguments, read_arguments
from adapters.sdk.verbose import VerboseInvoker

#: Endpoints that are kept: each is a few kilobytes, or more with a large template.
MOST_ENDPOINTS: Final = 256
#: Seconds that an answer may take where the call does not say.
_TIMEOUT: Final = 600.0

#: Settings that don't make another endpoint.
_FOR_ONE_CALL: Final = {"timeout", "stream_timeout"}

_NO_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Order:
    """One call, as it was asked for."""

    task: Task
    body: Json
    arguments: Mapping[str, Any]
    #: As it was when the call was made.
    environ: Mapping[str, str]


class Engine:
    """Answers orders.

    Args:
        connections: The way to AWS.
        verbose: Whether requests and answers are logged, asked at each call.
        most_endpoints: So many are kept; beyond them the one that was used least recently goes.
    """

    def __init__(
        self,
        connections: Connections,
        *,
        verbose: Callable[[], bool],
        most_endpoints: int = MOST_ENDPOINTS,
    ) -> None:
        self._connections = connections
        self._verbose = verbose
        self._most_endpoints = most_endpoints
        self._endpoints: OrderedDict[tuple[str, AwsSettings, str], Endpoint] = OrderedDict()
        self._streams: WeakSet[AnswerStream] = WeakSet()

    async def call(self, order: Order) -> Answer:
        """Give a whole answer.

        Raises:
            GatewayError: every failure.
        """
        endpoint, arguments = self._prepare(order)
        seconds = arguments.settings.timeout or _TIMEOUT
        limits = Limits(first_byte=seconds, idle=seconds, deadline=seconds)
        with within(seconds):
            return await endpoint.call(order.task, arguments.params, limits)

    async def stream(self, order: Order) -> AnswerStream:
        """Give an answer in chunks, once the first are there.

        Raises:
            GatewayError: every failure before the first chunk.
        """
        endpoint, arguments = self._prepare(order)
        settings = arguments.settings
        seconds = settings.stream_timeout or settings.timeout or _TIMEOUT
        limits = Limits(first_byte=seconds, idle=seconds, deadline=None)
        with within(seconds):
            stream = await endpoint.stream(order.task, arguments.params, limits)
        self._streams.add(stream)
        return stream

    async def aclose(self) -> None:
        """Give up the streams that somebody still holds, and close all connections."""
        for stream in tuple(self._streams):
            await stream.aclose()
        await self._connections.aclose()

    def _prepare(self, order: Order) -> tuple[Endpoint, Arguments]:
        names = frozenset(SCHEMAS[order.task].model_fields)
        arguments = read_arguments(names, order.body, order.arguments, order.environ)
        validate(AddressedRequest, arguments.params)
        try:
            endpoint = self._endpoint(arguments, order.environ)
        except ConfigError as error:
            param = str(error.path[0]) if error.path else None
            words = f"{param}: {error.message}" if param else error.message
            raise InvalidRequest(words, param=param, code="invalid_argument") from error
        validate(schemas_of([endpoint.format])[order.task], arguments.params)
        return endpoint, arguments

    def _endpoint(self, arguments: Arguments, environ: Mapping[str, str]) -> Endpoint:
        """Give the endpoint for these settings: with its credentials, signing keys and memory."""
        model = arguments.params["model"]
        aws = aws_settings(arguments.settings, environ)
        # Secrets are masked in the text; they are a part of `aws`.
        text = arguments.settings.model_dump_json(exclude=_FOR_ONE_CALL, fallback=repr)
        key = (model, aws, text)
        if key in self._endpoints:
            self._endpoints.move_to_end(key)
            return self._endpoints[key]
        endpoint = self._endpoints[key] = self._built(model, arguments.settings, aws)
        if len(self._endpoints) > self._most_endpoints:
            self._endpoints.popitem(last=False)
        return endpoint

    def _built(self, model: str, settings: Settings, aws: AwsSettings) -> Endpoint:
        try:
            address = parse_model(model, settings.custom_llm_provider)
        except ValueError as error:
            raise ConfigError(str(error), path=("model",)) from error
        # As with LiteLLM, an answer's `model` is what stands behind the provider.
        name = model.removeprefix(f"{address.route.partition('/')[0]}/")
        composed = compose(name, address, settings, aws)
        return Endpoint(
            id=model,
            target=composed.target,
            format=composed.format,
            invoker=composed.invoker(self._invoker),
            stream_mode=composed.stream_mode,
            collect=composed.collect,
        )

    def _invoker(self, aws: AwsSettings) -> Invoker:
        return VerboseInvoker(self._connections.invoker(aws), self._verbose)


@asynccontextmanager
async def open_engine(
    verbose: Callable[[], bool], environ: Mapping[str, str] = _NO_VARIABLES
) -> AsyncIterator[Engine]:
    """Open the way to AWS for the block, through the proxies that the environment names.

    Raises:
        InvalidRequest: a proxy, or a bundle of certificate authorities, can't be used.
    """
    try:
        network = read_network(environ)
    except ConfigError as error:
        raise InvalidRequest(error.message, code="invalid_environment") from error
    engine = Engine(Connections(network), verbose=verbose)
    try:
        yield engine
    finally:
        await engine.aclose()
