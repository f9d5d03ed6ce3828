"""What `sagemaker/<endpoint>` speaks where the configuration names no format.

Chat goes as Text Generation Inference takes it, embeddings as Hugging Face's containers do,
reranking as Text Embeddings Inference does it. Since
nobody knows the container, it is asked for nothing special, and may echo the prompt, as Hugging
Face's pipelines do by default.
"""

from __future__ import annotations

from adapters.base import Format
from adapters.formats import hf_embed, tei_rerank
from adapters.formats.tgi import TgiChat

FORMAT = Format(
    name="huggingface",
    chat=TgiChat(asks_details=False, may_echo=True),
    embedding=hf_embed.FORMAT.embedding,
    rerank=tei_rerank.FORMAT.rerank,
)
