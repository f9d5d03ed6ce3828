"""Text Embeddings Inference: Hugging Face's embeddings, from a server that can cut them itself.

Its own settings (`truncate`, `normalize`, `prompt_name`) pass as they are. `dimensions`, which only
newer releases know, is forwarded once the configuration allows it.
Source: https://huggingface.github.io/text-embeddings-inference/
"""

from __future__ import annotations

from adapters.base import Format
from adapters.formats.hf_embed import HuggingFaceEmbedding

FORMAT = Format(name="tei", embedding=HuggingFaceEmbedding(cuts=False))
