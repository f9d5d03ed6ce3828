"""The calls, in LiteLLM's signatures.

Beside what is named here, every call takes three kinds of keyword arguments: a deployment's
settings (`aws_region_name`, `model_id`, `hf_model_name`, `api_base`, `timeout`, ...: see
`litellm_params` in `docs/configuration.md`), OpenAI's parameters (`temperature`, `max_tokens`,
...), and parameters of the container's own (`top_k`, ...), which are sent as they are. None counts
as not given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from adapters.base import Json, Task
from adapters.sdk.background import Background, Running
from adapters.sdk.results import Result
from adapters.sdk.streams import AsyncStream, Source, Stream

if TYPE_CHECKING:  # see `_open`
    from adapters.sdk.engine import Engine, Order

Prompt = str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]


class Client:
    """Calls SageMaker endpoints; for any number of threads and event loops at once.

    A call that fails raises a `GatewayError` of the tree in `adapters.errors`: `InvalidRequest` for
    arguments that can't be right, `Overloaded` where the client was closed meanwhile. Dropping the
    last reference to a client and its streams closes it.

    Args:
        environ: Who signs, where, and in which region, where a call does not say: AWS's variables.
            Read anew by each call.
        verbose: Whether requests and answers are logged; asked by each call.
    """

    def __init__(
        self, environ: Mapping[str, str], *, verbose: Callable[[], bool] = lambda: False
    ) -> None:
        self._environ = environ
        self._background: Background[Engine] = Background(partial(_open, verbose, environ))

    @overload
    def completion(
        self,
        model: str,
        messages: Sequence[Any] | None = None,
        *,
        stream: Literal[True],
        **arguments: Any,
    ) -> Stream: ...
    @overload
    def completion(
        self,
        model: str,
        messages: Sequence[Any] | None = None,
        *,
        stream: Literal[False] | None = None,
        **arguments: Any,
    ) -> Result: ...
    @overload
    def completion(
        self,
        model: str,
        messages: Sequence[Any] | None = None,
        *,
        stream: bool | None,
        **arguments: Any,
    ) -> Result | Stream: ...
    def completion(
        self,
        model: str,
        messages: Sequence[Any] | None = None,
        *,
        stream: bool | None = None,
        **arguments: Any,
    ) -> Result | Stream:
        """Answer a conversation.

        Args:
            model: `sagemaker/<endpoint>`, `sagemaker_chat/<endpoint>`, ...
            messages: OpenAI's messages; with `format="raw"` there need be none.
            stream: Give chunks as they come instead of the whole answer.
            **arguments: See the module.
        """
        return self._text("chat", {"model": model, "messages": messages}, arguments, stream=stream)

    @overload
    async def acompletion(
        self,
        model: str,
        messages: Sequence[Any] | None = None,
        *,
        stream: Literal[True],
        **arguments: Any,
    ) -> AsyncStream: ...
    @overload
    async def acompletion(
        self,
        model: str,
        messages: Sequence[Any] | None = None,
        *,
        stream: Literal[False] | None = None,
        **arguments: Any,
    ) -> Result: ...
    @overload
    async def acompletion(
        self,
        model: str,
        messages: Sequence[Any] | None = None,
        *,
        stream: bool | None,
        **arguments: Any,
    ) -> Result | AsyncStream: ...
    async def acompletion(
        self,
        model: str,
        messages: Sequence[Any] | None = None,
        *,
        stream: bool | None = None,
        **arguments: Any,
    ) -> Result | AsyncStream:
        """Answer a conversation; as `completion`. Cancelling it gives up the call to AWS."""
        return await self._atext(
            "chat", {"model": model, "messages": messages}, arguments, stream=stream
        )

    def text_completion(
        self,
        model: str,
        prompt: Prompt | None = None,
        *,
        stream: bool | None = None,
        **arguments: Any,
    ) -> Result | Stream:
        """Continue a prompt, or each of several; token ids are prompts as well."""
        return self._text(
            "completion", {"model": model, "prompt": prompt}, arguments, stream=stream
        )

    async def atext_completion(
        self,
        model: str,
        prompt: Prompt | None = None,
        *,
        stream: bool | None = None,
        **arguments: Any,
    ) -> Result | AsyncStream:
        """Continue a prompt; as `text_completion`."""
        body = {"model": model, "prompt": prompt}
        return await self._atext("completion", body, arguments, stream=stream)

    def embedding(self, model: str, input: Prompt, **arguments: Any) -> Result:  # noqa: A002 - OpenAI's name
        """Give a vector for a text, or for each of several; token ids are texts as well."""
        return self._whole("embedding", {"model": model, "input": input}, arguments)

    async def aembedding(self, model: str, input: Prompt, **arguments: Any) -> Result:  # noqa: A002 - OpenAI's name
        """Give a vector for each text; as `embedding`."""
        return await self._awhole("embedding", {"model": model, "input": input}, arguments)

    def rerank(
        self, model: str, query: str, documents: Sequence[str | Json], **arguments: Any
    ) -> Result:
        """Rank documents by how well they answer a query, in Cohere's shape; `top_n` cuts."""
        body = {"model": model, "query": query, "documents": documents}
        return self._whole("rerank", body, arguments)

    async def arerank(
        self, model: str, query: str, documents: Sequence[str | Json], **arguments: Any
    ) -> Result:
        """Rank documents; as `rerank`."""
        body = {"model": model, "query": query, "documents": documents}
        return await self._awhole("rerank", body, arguments)

    def close(self) -> None:
        """Give up all calls, and close all connections; a later call opens new ones."""
        self._background.stop()

    def _text(
        self, task: Task, body: Json, arguments: Mapping[str, Any], *, stream: bool | None
    ) -> Result | Stream:
        if not stream:
            return self._whole(task, body, arguments)
        running = self._background.running()
        return Stream(running.wait(self._open_stream(running, task, body, arguments)))

    async def _atext(
        self, task: Task, body: Json, arguments: Mapping[str, Any], *, stream: bool | None
    ) -> Result | AsyncStream:
        if not stream:
            return await self._awhole(task, body, arguments)
        running = await self._background.running_soon()
        opening = self._open_stream(running, task, body, arguments)
        return AsyncStream(await running.result(opening))

    def _whole(self, task: Task, body: Json, arguments: Mapping[str, Any]) -> Result:
        running = self._background.running()
        answer = running.wait(running.state.call(self._order(task, body, arguments)))
        return Result(answer.body)

    async def _awhole(self, task: Task, body: Json, arguments: Mapping[str, Any]) -> Result:
        running = await self._background.running_soon()
        answer = await running.result(running.state.call(self._order(task, body, arguments)))
        return Result(answer.body)

    async def _open_stream(
        self, running: Running[Engine], task: Task, body: Json, arguments: Mapping[str, Any]
    ) -> Source:
        stream = await running.state.stream(self._order(task, body, arguments))
        return Source(stream, running, self._background)

    def _order(self, task: Task, body: Json, arguments: Mapping[str, Any]) -> Order:
        from adapters.sdk.engine import Order  # noqa: PLC0415 - see `_open`

        environ = {name: self._environ[name] for name in self._environ if name.startswith("AWS_")}
        return Order(task, body, arguments, environ)


def _open(
    verbose: Callable[[], bool], environ: Mapping[str, str]
) -> AbstractAsyncContextManager[Engine]:
    # Lazy: schemas, formats and the HTTP client take a third of a second to load.
    from adapters.sdk.engine import open_engine  # noqa: PLC0415 - see above

    return open_engine(verbose, environ)
