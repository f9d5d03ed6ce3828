"""What `sagemaker/<endpoint>` speaks where the configuration names no format.

Text goes as Text Generation Inference takes it, embeddings as Hugging Face's containers do,
reranking as Text Embeddings Inference does it. Since nobody knows the container, it is asked for
nothing that could be refused, every shape of reply is understood, and it may echo the prompt, as
Hugging Face's pipelines do by default.
"""

from __future__ import annotations

from typing import Final

from adapters.base import Format
from adapters.formats import hf_embed, llama2, tei_rerank
from adapters.text.codec import chat_codec, completion_codec
from adapters.text.dialect import BASIC, REMEDIES, Dialect

_GRAMMAR: Final = "If the container is Text Generation Inference, set 'format: tgi'."

_DIALECT: Final = Dialect(
    supported=BASIC | {"frequency_penalty", "seed"},
    remedies={**REMEDIES, "response_format": f"{_GRAMMAR} {REMEDIES['response_format']}"},
    asks_usage=True,
    may_echo=True,
)

FORMAT = Format(
    name="huggingface",
    chat=chat_codec(_DIALECT),
    completion=completion_codec(_DIALECT),
    embedding=hf_embed.FORMAT.embedding,
    rerank=tei_rerank.FORMAT.rerank,
    advise=llama2.advise_format,
)
