"""What chat and completions have in common: a text, as a whole or as a stream."""

from __future__ import annotations

from starlette.responses import Response

from adapters.base import Task
from proxy.auth.caller import Caller
from proxy.deps import read_call
from proxy.incoming import Incoming
from proxy.leaving import UntilGone, until_held
from proxy.routes import answers


async def generate(request: Incoming, caller: Caller, task: Task) -> Response:
    """Answer with a text, in the way that the request asks for.

    A stream's status tells how it went until its first chunk, but for one case: while its endpoint
    starts it is 200, comments are sent, and whatever comes of it is told in its events.
    """
    model, call, params = await read_call(request, caller, task)
    if not call.stream:
        with UntilGone(request):
            answer = await model.call(call, params)
        return answers.whole(call, answer)
    if not request.gateway.holds_streams:  # a task more is turns of the event loop more
        with UntilGone(request):
            stream = await model.stream(call, params)
        return answers.streamed(call, stream)
    coming = await until_held(request, call, model.stream(call, params))
    if coming.done():
        return answers.streamed(call, coming.result())
    return answers.held(call, coming)
