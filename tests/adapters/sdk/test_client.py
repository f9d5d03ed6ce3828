"""A client as its callers hold it."""

from __future__ import annotations

import gc

from adapters.sdk import Client

HELLO = [{"role": "user", "content": "Hi"}]
TEXT = "Always this."


def test_a_stream_outlives_the_clients_name() -> None:
    """A client lives as long as its streams: who iterates over one need not hold both."""
    stream = Client({}).completion("sagemaker/e", HELLO, stream=True, mock_response=TEXT)
    gc.collect()
    with stream:
        texts = [chunk.choices[0].delta.content or "" for chunk in stream]
    assert "".join(texts) == TEXT


def test_an_answers_message_goes_on_with_the_conversation() -> None:
    """`messages.append(answer.choices[0].message)` is how conversations are held."""
    client = Client({})
    answer = client.completion("sagemaker/e", HELLO, mock_response=TEXT)
    said = answer.choices[0].message
    assert said["refusal"] is None
    again = client.completion("sagemaker/e", [*HELLO, said, *HELLO], mock_response=TEXT)
    assert again.choices[0].message == said
