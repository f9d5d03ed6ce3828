"""What Text Generation Inference answers: documents, records of tokens, and details."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.containers.generation import Generation
from emulator.containers.text import count, tokens


@dataclass(frozen=True, slots=True)
class TgiAnswer:
    """An answer that is about to be told.

    Attributes:
        prompt: What was asked.
        parameters: How it was asked.
        generation: What was generated.
        echoes: Whether a whole answer begins with the prompt unless it was asked not to.
    """

    prompt: str
    parameters: Mapping[str, Any]
    generation: Generation
    echoes: bool

    @property
    def tokens(self) -> list[dict[str, Any]]:
        """Every token generated; the end mark is one, special and not part of the text."""
        listed = [_token(number, piece) for number, piece in enumerate(self.generation.pieces, 1)]
        if self.generation.finish_reason == "eos_token":
            listed.append({"id": 2, "text": "</s>", "logprob": -0.02, "special": True})
        return listed

    def document(self) -> dict[str, Any]:
        """The whole answer."""
        content: dict[str, Any] = {"generated_text": self._text(echoes=self.echoes)}
        if self.parameters.get("details"):
            content["details"] = self._details()
        return content

    def records(self) -> Iterator[dict[str, Any]]:
        """One record a token; the last carries the text and the details."""
        listed = self.tokens
        wide = self.parameters.get("top_n_tokens")
        for number, token in enumerate(listed, 1):
            record: dict[str, Any] = {"index": number, "token": token}
            if wide:
                record["top_tokens"] = _alternatives(token, wide)
            ends = number == len(listed)
            record["generated_text"] = self._text(echoes=False) if ends else None
            record["details"] = self._closing(len(listed)) if ends else None
            yield record

    def _text(self, *, echoes: bool) -> str:
        wanted = self.parameters.get("return_full_text")
        full = echoes if wanted is None else wanted
        return (self.prompt if full else "") + self.generation.text

    def _details(self) -> dict[str, Any]:
        listed = self.tokens
        prefill = self.parameters.get("decoder_input_details")
        details = {
            "finish_reason": self.generation.finish_reason,
            "generated_tokens": len(listed),
            "seed": self.parameters.get("seed"),
            "prefill": _prefill(self.prompt) if prefill else [],
            "tokens": listed,
            "best_of_sequences": None,
        }
        wide = self.parameters.get("top_n_tokens")
        if wide:
            details["top_tokens"] = [_alternatives(token, wide) for token in listed]
        return details

    def _closing(self, generated: int) -> dict[str, Any]:
        return {
            "finish_reason": self.generation.finish_reason,
            "generated_tokens": generated,
            "seed": self.parameters.get("seed"),
            "input_length": count(self.prompt),
        }


def _token(number: int, piece: str) -> dict[str, Any]:
    return {"id": 1000 + number, "text": piece, "logprob": -number / 64, "special": False}


def _alternatives(token: Mapping[str, Any], wide: int) -> list[dict[str, Any]]:
    """The token itself and, behind it, less likely ones."""
    others = (
        {"id": place, "text": f"~{place}", "logprob": token["logprob"] - place, "special": False}
        for place in range(1, wide)
    )
    return [dict(token), *others]


def _prefill(prompt: str) -> list[dict[str, Any]]:
    return [
        {"id": number, "text": piece, "logprob": None if number == 1 else -number / 64}
        for number, piece in enumerate(tokens(prompt), 1)
    ]
