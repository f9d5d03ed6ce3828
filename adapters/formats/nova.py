"""Amazon Nova on SageMaker: OpenAI's shapes, a part of OpenAI's parameters, and no `model`.

Parameters that OpenAI does not know (`top_k`, `allowed_token_ids`, `truncate_prompt_tokens`) pass.
Source: https://docs.aws.amazon.com/nova/latest/nova2-userguide/nova-sagemaker-inference-api-reference.html
"""

from __future__ import annotations

from adapters.base import Format
from adapters.openai import parameters
from adapters.passthrough.chat import PassThroughChat
from adapters.passthrough.completion import PassThroughCompletion
from adapters.passthrough.fields import Fields

_BOTH = frozenset({"logprobs", "max_tokens", "stream", "stream_options", "temperature", "top_p"})
_CHAT = _BOTH | {"max_completion_tokens", "reasoning_effort", "top_logprobs"}

FORMAT = Format(
    name="nova",
    chat=PassThroughChat(Fields(known=parameters.CHAT, supported=_CHAT, names_model=False)),
    completion=PassThroughCompletion(
        fields=Fields(known=parameters.COMPLETION, supported=_BOTH, names_model=False),
        takes_tokens=False,
    ),
)
