"""What chat and completions have in common: a text, as a whole or as a stream."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.base import Task
from proxy.auth.caller import Caller
from proxy.deps import read_call, until_gone
from proxy.routes import answers


async def generate(request: Request, caller: Caller, task: Task) -> Response:
    """Answer with a text, in the way that the request asks for."""
    model, call, params = await read_call(request, caller, task)
    if call.stream:
        return answers.streamed(call, await until_gone(request, model.stream(call, params)))
    return answers.whole(call, await until_gone(request, model.call(call, params)))
