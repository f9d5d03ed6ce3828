"""Edits that whole answers and chunks of chat and of completions have in common."""

from __future__ import annotations

from typing import Any

from adapters.base import Json, Request
from adapters.complaint import is_complaint
from adapters.container import failed_generation, unknown_shape
from adapters.openai.finish import FAILURES, OWN, finish_reason, is_foreign
from adapters.openai.usage import reported


def label(record: Json, request: Request, kind: str, *, own: bool = False) -> None:
    """Write the public model name and the kind of object; fill what the container left out.

    Args:
        record: A whole answer or a chunk.
        request: What was asked.
        kind: The record's `object`.
        own: Write our id over the container's, which is another thing's, or one of several calls'.
    """
    if own or not record.get("id"):
        record["id"] = request.id
    if own or not record.get("created"):
        record["created"] = request.created
    record["object"] = kind
    record["model"] = request.target.model


def choices_of(body: Any) -> list[Json] | None:
    """Give a reply's choices, one at least; None where it has none that are objects.

    Raises:
        GatewayError: the reply reports a failure, beside whatever else it has.
    """
    if is_complaint(body):
        raise unknown_shape(body)
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices:
        return None
    for choice in choices:
        if not isinstance(choice, dict):
            return None
    return choices


def place_of(choice: Json, otherwise: int, record: Any) -> int:
    """Give a choice's index, which some containers leave out, and write it there.

    Raises:
        MalformedReply: it is no number.
    """
    index = choice.get("index")
    if index is None:
        index = choice["index"] = otherwise
    if type(index) is not int:
        raise unknown_shape(record)
    return index


def edit_choice(choice: Json) -> str | None:
    """Make a choice regular, whole or in part: its finish reason, and a list around `logprobs`.

    A word that nobody knows is kept as `container_finish_reason`.

    Returns:
        OpenAI's finish reason, or None while the choice goes on.

    Raises:
        ModelError: the choice ended in a failure.
    """
    logprobs = choice.get("logprobs")
    if isinstance(logprobs, list):
        choice["logprobs"] = logprobs[0] if logprobs else None
    said = choice.get("finish_reason")
    if said is None or said == "":
        choice["finish_reason"] = None
        return None
    if said in OWN:
        return str(said)
    if said in FAILURES:
        raise failed_generation()
    reason = finish_reason(said, generated=None, limit=None)
    if is_foreign(said):
        choice["container_finish_reason"] = said
    choice["finish_reason"] = reason
    return reason


def edit_whole_choices(request: Request, body: Json) -> None:
    """Make the choices of a whole answer regular: each has a finish reason."""
    for choice in body["choices"]:
        if choice.get("finish_reason") in OWN and not isinstance(choice.get("logprobs"), list):
            continue  # so it is with almost all
        if edit_choice(choice) is None:
            choice["finish_reason"] = _unsaid_reason(request.params, body)


def _unsaid_reason(params: Json, body: Json) -> str:
    """Give the finish reason of a choice whose container says none."""
    limit = params.get("max_completion_tokens") or params.get("max_tokens")
    counts = reported(body.get("usage"))
    generated = None
    if len(body["choices"]) == 1 and counts is not None:  # a count of several says nothing of one
        generated = counts["completion_tokens"]
    return finish_reason(None, generated=generated, limit=limit)
