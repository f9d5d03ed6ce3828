"""What `sagemaker/<endpoint>` speaks where the configuration names no format.

Chat goes as Text Generation Inference takes it, embeddings as Hugging Face's containers do.
"""

from __future__ import annotations

from adapters.base import Format
from adapters.formats import hf_embed, tgi

FORMAT = Format(name="huggingface", chat=tgi.FORMAT.chat, embedding=hf_embed.FORMAT.embedding)
