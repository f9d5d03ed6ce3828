"""An OpenAI server that takes every body on one route: vLLM's `/invocations`, TGI 3.

Sources: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html and
https://huggingface.co/docs/text-generation-inference/messages_api
"""

from __future__ import annotations

from adapters.base import Format
from adapters.formats.openai_embed import OpenAIEmbedding
from adapters.passthrough.chat import PassThroughChat
from adapters.passthrough.completion import PassThroughCompletion

FORMAT = Format(
    name="openai",
    chat=PassThroughChat(),
    completion=PassThroughCompletion(),
    embedding=OpenAIEmbedding(),
)
