from collections.abc import Callable, Mapping
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.real.asking import CAPITAL, whole

pytestmark = pytest.mark.real

#: The container serves one request at a time; this one keeps it busy for a minute or more.
STORY: tuple[ChatCompletionMessageParam, ...] = (
    {"role": "user", "content": "Tell a very long story."},
)
LONG: Mapping[str, Any] = {"max_tokens": 4000, "extra_body": {"ignore_eos": True}}
#: Seconds; a free model needs less than one.
SOON = 15


def test_a_client_that_leaves_a_stream_frees_the_model(
    client: OpenAI, until_cut: Callable[[], None]
) -> None:
    """Closing a stream cancels the call to AWS and the generation; the next one is answered."""
    stream = client.chat.completions.create(model="gemma", messages=STORY, stream=True, **LONG)
    with stream:
        next(iter(stream))
    until_cut()
    assert "Paris" in whole(client.with_options(timeout=SOON), CAPITAL, max_tokens=8).text


def test_a_client_that_stops_waiting_frees_the_model(
    client: OpenAI, until_cut: Callable[[], None]
) -> None:
    """Giving up a whole answer cancels the call to AWS and the generation just so."""
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=1).chat.completions.create(
            model="gemma", messages=STORY, **LONG
        )
    until_cut()
    assert "Paris" in whole(client.with_options(timeout=SOON), CAPITAL, max_tokens=8).text
