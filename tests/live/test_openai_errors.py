"""Errors as the official `openai` package raises them, and what it retries."""

import asyncio
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.leaks import MASTER_KEY, assert_reply_is_clean

ASK: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Where is Köln?"}]


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    """A client that does not retry."""
    with openai.OpenAI(api_key="x", base_url=gateway.url, max_retries=0) as client:
        yield client


FAULTS: list[tuple[str, dict[str, Any], type[openai.APIStatusError], str, str]] = [
    ("validation_error", {}, openai.BadRequestError, "invalid_request_error", "400"),
    ("model_error", {"status": 400}, openai.BadRequestError, "invalid_request_error", "400"),
    ("model_error", {"status": 404}, openai.NotFoundError, "invalid_request_error", "404"),
    (
        "model_error",
        {"status": 422},
        openai.UnprocessableEntityError,
        "invalid_request_error",
        "422",
    ),
    ("throttling", {}, openai.RateLimitError, "rate_limit_error", "429"),
    ("model_error", {"status": 429}, openai.RateLimitError, "rate_limit_error", "429"),
    ("internal_failure", {}, openai.InternalServerError, "upstream_error", "500"),
    ("no_capacity", {}, openai.InternalServerError, "upstream_error", "no_capacity"),
    ("model_error", {"status": 0}, openai.InternalServerError, "timeout_error", "504"),
    (
        "access_denied",
        {},
        openai.InternalServerError,
        "upstream_error",
        "AccessDeniedException",
    ),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("fault", "options", "raised", "kind", "code"), FAULTS)
def test_each_class(
    client: openai.OpenAI,
    emulated: Emulated,
    fault: str,
    options: dict[str, Any],
    raised: type[openai.APIStatusError],
    kind: str,
    code: str,
    stream: bool,
) -> None:
    """Each fault is raised as the class of its status, with type, code and param filled in.

    A stream's fault before its first byte as well.
    """
    emulated.fault("chat", fault, **options)

    with pytest.raises(raised) as caught:
        client.chat.completions.create(model="chat", messages=ASK, stream=stream)

    assert (caught.value.type, caught.value.code, caught.value.param) == (kind, code, None)
    assert caught.value.body is not None
    assert caught.value.request_id
    assert_reply_is_clean(str(caught.value))


def test_unknown_model(client: openai.OpenAI) -> None:
    """An unknown model is a 404 `model_not_found` (compat F50)."""
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-4o", messages=ASK)

    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-4o")
    assert caught.value.code == "model_not_found"


def test_unsupported_parameter(client: openai.OpenAI, emulated: Emulated) -> None:
    """A parameter that the container can't take is a 400 that names it and the remedy."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model="tgi", messages=ASK, presence_penalty=1, logit_bias={"1": 2}
        )

    assert caught.value.code == "unsupported_parameter"
    for text in ("presence_penalty", "logit_bias", "drop_params", "allowed_openai_params"):
        assert text in caught.value.message
    assert emulated.requests() == []


def test_wrong_key(locked: Gateway) -> None:
    """A wrong key is an `AuthenticationError`; the right one answers."""
    with openai.OpenAI(api_key="sk-wrong", base_url=locked.url, max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            client.models.list()
        assert (caught.value.type, caught.value.code) == ("auth_error", "401")
        assert client.with_options(api_key=MASTER_KEY).models.list().data


def test_refused_fields(client: openai.OpenAI, emulated: Emulated) -> None:
    """A field that only the configuration may set is a `BadRequestError` that names it."""
    for field in ("api_base", "aws_access_key_id", "model_id", "mock_response"):
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(model="chat", messages=ASK, extra_body={field: "x"})
        assert caught.value.param == field
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(model="chat", messages=ASK, metadata={field: "x"})
        assert caught.value.param == field
    assert emulated.requests() == []


def test_too_large(client: openai.OpenAI, emulated: Emulated) -> None:
    """A body beyond the gateway's or SageMaker's limit is a 413 that the client can read."""
    for size in (9_000_000, 6_400_000):
        with pytest.raises(openai.APIStatusError) as caught:
            client.chat.completions.create(
                model="chat", messages=[{"role": "user", "content": "x" * size}]
            )
        assert caught.value.status_code == 413
        assert caught.value.code == "request_too_large"
    assert emulated.requests() == []


@pytest.mark.parametrize("model", ["tgi", "chat", "lines"])
def test_an_error_inside_the_stream(client: openai.OpenAI, emulated: Emulated, model: str) -> None:
    """A failure after the first byte is raised while iterating; what came before was given."""
    emulated.fault(model, "stream_error", after=4)
    stream = client.chat.completions.create(model=model, messages=ASK, stream=True)
    given: list[ChatCompletionChunk] = []

    with pytest.raises(openai.APIError) as caught:
        given.extend(stream)

    assert len(given) >= 4
    assert caught.value.type == "upstream_error"
    assert "cut" in caught.value.message


async def test_retries_obey_retry_after(gateway: Gateway, emulated: Emulated) -> None:
    """The package retries a 429 and a 503 when `Retry-After` says, and then has its answer."""
    emulated.fault("chat", "throttling", times=1)
    emulated.fault("tgi", "model_not_ready", times=1)
    async with openai.AsyncOpenAI(api_key="x", base_url=gateway.url, max_retries=1) as client:
        loop = asyncio.get_running_loop()
        started = loop.time()
        answers = await asyncio.gather(
            client.chat.completions.create(model="chat", messages=ASK),
            client.chat.completions.create(model="tgi", messages=ASK),
        )
        waited = loop.time() - started

    assert all(answer.choices[0].message.content for answer in answers)
    assert emulated.operations("chat") == emulated.operations("tgi") == ["invoke", "invoke"]
    assert 4.5 < waited < 20


def test_no_retries_when_told_so(gateway: Gateway, emulated: Emulated) -> None:
    """`x-should-retry: false` keeps the package from retrying what can't get better."""
    emulated.fault("chat", "expired_token")
    with (
        openai.OpenAI(api_key="x", base_url=gateway.url, max_retries=3) as client,
        pytest.raises(openai.InternalServerError),
    ):
        client.chat.completions.create(model="chat", messages=ASK)

    assert emulated.operations() == ["invoke"]
