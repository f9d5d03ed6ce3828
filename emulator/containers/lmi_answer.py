"""What a DJL rolling batch answers: documents, records of tokens, details, failures.

Source: the LMI output schema; TGI's spelling where `tgi_compat` is on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from emulator.containers.generation import Generation
from emulator.containers.text import tokens
from emulator.endpoints import LmiEndpoint


@dataclass(frozen=True, slots=True)
class LmiAnswer:
    """An answer that is about to be told."""

    prompt: str
    parameters: Mapping[str, Any]
    generation: Generation
    settings: LmiEndpoint

    def document(self) -> Any:
        """The whole answer; a list where `tgi_compat` is on."""
        content: dict[str, Any] = {"generated_text": self._text}
        if self._wants_details:
            content["details"] = {**self._closing(), "tokens": self._tokens}
        if self.settings.fails:
            content = {"generated_text": "", "details": {**self._error(), "tokens": None}}
        return [content] if self.settings.tgi_compat else content

    def records(self) -> Iterator[dict[str, Any]]:
        """One record a token; the last carries the text, and the details when asked for."""
        if self.settings.fails:
            yield from ({"token": each} for each in islice(self._tokens, self.settings.fails_after))
            yield self._failed()
            return
        *earlier, last = self._tokens
        yield from ({"token": each} for each in earlier)
        record: dict[str, Any] = {"token": last, "generated_text": self._text}
        if self._wants_details:
            record["details"] = self._closing()
        yield record

    @property
    def _text(self) -> str:
        full = self.parameters.get("return_full_text")
        return (self.prompt if full else "") + self.generation.text

    @property
    def _wants_details(self) -> bool:
        return bool(self.parameters.get("details", self.settings.tgi_compat))

    @property
    def _tokens(self) -> list[dict[str, Any]]:
        """Every token generated; the end mark is one, without text."""
        pieces = list(self.generation.pieces)
        if self.generation.finish_reason == "eos_token" or not pieces:
            pieces.append("")
        return [self._token(number, piece) for number, piece in enumerate(pieces, 1)]

    def _token(self, number: int, piece: str) -> dict[str, Any]:
        key = "logprob" if self.settings.tgi_compat else "log_prob"
        return {"id": 1000 + number, "text": piece, key: -number / 64}

    def _closing(self) -> dict[str, Any]:
        details: dict[str, Any] = {
            self._finish_key: self.generation.finish_reason,
            "generated_tokens": len(self._tokens),
            "inputs": self.prompt,
        }
        if self.parameters.get("decoder_input_details"):
            pieces = enumerate(tokens(self.prompt), 1)
            details["prefill"] = [self._token(number, piece) for number, piece in pieces]
        return details

    @property
    def _finish_key(self) -> str:
        return "finish reason" if self.settings.spaced_finish_key else "finish_reason"

    def _error(self) -> dict[str, Any]:
        return {self._finish_key: "error", "generated_tokens": None, "inputs": None}

    def _failed(self) -> dict[str, Any]:
        return {
            "token": {"id": -1, "text": "", "log_prob": -1, "special_token": True},
            "generated_text": "",
            "details": self._error(),
        }
