"""The quirks of chats in releases that did not follow OpenAI closely: TGI before 3, older LMI.

Makes them of the chunks and answers that newer servers give.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Content = dict[str, Any]


def tgi_chunks(chunks: Iterable[Content]) -> Iterator[Content]:
    """No opening chunk, no id, another object's name, the role each time, TGI's own reason."""
    for chunk in _without_opening(chunks):
        choices = [
            {**_renamed(choice), "delta": {"role": "assistant", **choice["delta"]}}
            for choice in chunk["choices"]
        ]
        yield {**chunk, "id": "", "object": "text_completion", "choices": choices}


def lmi_chunks(chunks: Iterable[Content]) -> Iterator[Content]:
    """No opening chunk but the role in the first, LMI's own reason, log probabilities in a list."""
    named: set[int] = set()
    for chunk in _without_opening(chunks):
        choices = []
        for choice in chunk["choices"]:
            role = {} if choice["index"] in named else {"role": "assistant"}
            named.add(choice["index"])
            logprobs = choice["logprobs"] and [choice["logprobs"]]
            delta = {**role, **choice["delta"]}
            choices.append({**_renamed(choice), "delta": delta, "logprobs": logprobs})
        yield {**chunk, "choices": choices}


def lmi_whole(answer: Mapping[str, Any]) -> Content:
    """LMI's own reason."""
    return {**answer, "choices": [_renamed(choice) for choice in answer["choices"]]}


def _without_opening(chunks: Iterable[Content]) -> Iterator[Content]:
    """Passes over the chunks that tell a role and nothing else."""
    for chunk in chunks:
        if not any("role" in choice["delta"] for choice in chunk["choices"]):
            yield chunk


def _renamed(choice: Mapping[str, Any]) -> Content:
    reason = choice["finish_reason"]
    return {**choice, "finish_reason": "eos_token" if reason == "stop" else reason}
