"""What a container that speaks OpenAI gets beside the messages or the prompt."""

from __future__ import annotations

from typing import Final

from adapters.base import Json, Request
from adapters.openai import parameters
from adapters.value import value

#: Keys that steer the gateway, or that are written here, in their places.
_NOT_COPIED: Final = frozenset(
    {"aws_sagemaker_allow_zero_temp", "model", "stream", "stream_options"}
)


@value(frozen=True, slots=True, kw_only=True)
class Fields:
    """How a container's body goes on behind its first key.

    Args:
        known: The task's parameters.
        supported: Those of them that the container takes; None passes everything as it came.
        names_model: The container takes a `model`; which one the target says.
    """

    known: frozenset[str]
    supported: frozenset[str] | None = None
    names_model: bool = True

    def write(self, request: Request, besides: str) -> Json:
        """Give the fields, all but the request's own `besides`, which the caller writes first.

        Raises:
            UnsupportedParameter: the container lacks parameters that the request brings.
        """
        target, fields = request.target, self._chosen(request)
        stream = fields.get("stream")
        for name in _NOT_COPIED.intersection(fields):
            del fields[name]
        fields.pop(besides, None)
        if self.names_model and target.body_model is not None:
            fields = {"model": target.body_model, **fields}
        if stream:
            fields.update(_streaming(request))
        return fields

    def _chosen(self, request: Request) -> Json:
        """Give those that the container takes, in an object of their own."""
        params, target = request.params, request.target
        if self.supported is not None:
            return parameters.select(params, target, known=self.known, supported=self.supported)
        return dict(params)


def _streaming(request: Request) -> Json:
    options = dict(request.params.get("stream_options") or {})
    if request.ask_usage:
        options["include_usage"] = True
    return {"stream": True, "stream_options": options} if options else {"stream": True}
