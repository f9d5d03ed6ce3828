"""The OpenAI completion request as vLLM reads it: parsed, checked, and refused in vLLM's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.containers import openai_body, openai_types
from emulator.containers.openai_prompt import Prompt
from emulator.containers.openai_prompt import parse as parse_prompts

_NOT_PARAMETERS = {"prompt", "model", "stream"}
_DEFAULT_LIMIT = 16
_LOGPROBS_LIMIT = 5


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A request body that has been checked."""

    body: Mapping[str, Any]
    prompts: Sequence[Prompt]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Everything but the prompts, the model and the mode."""
        return {name: value for name, value in self.body.items() if name not in _NOT_PARAMETERS}

    @property
    def limit(self) -> int:
        """The most tokens wanted; 0 for an echo alone."""
        given = self.body.get("max_tokens")
        return _DEFAULT_LIMIT if given is None else given

    @property
    def choices(self) -> int:
        """How many answers each prompt gets."""
        return self.body.get("n") or 1


def parse(
    content: Mapping[str, Any], served_model: str | None, context_length: int
) -> CompletionRequest:
    """Checks a request body.

    Raises:
        Complaint: In vLLM's words.
    """
    if content.get("suffix") is not None:
        openai_body.refuse("suffix is not currently supported")
    openai_body.check_model(content, served_model)
    openai_types.check(openai_types.CompletionBody, content)
    echo_alone = content.get("echo") and content.get("max_tokens") == 0
    openai_body.check_ranges({**content, "max_tokens": None} if echo_alone else content)
    _check_logprobs(content.get("logprobs"))
    request = CompletionRequest(content, parse_prompts(content["prompt"], "prompt"))
    for prompt in request.prompts:
        openai_body.check_length(prompt.size, request.limit, context_length)
    return request


def _check_logprobs(wide: Any) -> None:
    if wide is None:
        return
    if type(wide) is not int:
        openai_body.misfit("int_type", "logprobs", "Input should be a valid integer")
    if wide < 0:
        openai_body.refuse("`logprobs` must be a positive value.")
    if wide > _LOGPROBS_LIMIT:
        openai_body.refuse(
            f"Requested sample logprobs of {wide}, which is greater than max allowed: "
            f"{_LOGPROBS_LIMIT}"
        )
