"""Calls that have ended, for what reports them."""

from __future__ import annotations

from typing import Any

from adapters.base import Target
from adapters.endpoint import Endpoint
from adapters.errors import GatewayError
from adapters.formats.tgi import FORMAT
from proxy.routing.call import Call
from proxy.routing.member import Member
from proxy.routing.tries import Try
from tests.adapters.scripted import ScriptedInvoker


def member(deployment: str, model: str = "m", **more: Any) -> Member:
    """A deployment of a public model."""
    target = Target(
        model=model,
        endpoint=f"{deployment}-endpoint",
        region="eu-west-1",
        invoke_url="https://sagemaker.test/invoke",
        stream_url="https://sagemaker.test/stream",
    )
    endpoint = Endpoint(id=deployment, target=target, format=FORMAT, invoker=ScriptedInvoker())
    return Member(endpoint=endpoint, **more)


def new_call(model: str = "m", **more: Any) -> Call:
    """A call that has just begun."""
    return Call(id="c1", task="chat", model=model, caller="me", stream=False, **more)


def tried(call: Call, deployment: str = "d", error: GatewayError | None = None) -> Try:
    """Try a deployment, which ends at once."""
    attempt = call.reaches(call.model, member(deployment, call.model).endpoint, "sagemaker")
    attempt.ended(error)
    return attempt


def answered(call: Call, **usage: int) -> Call:
    """A good answer of one deployment."""
    tried(call)
    call.answered()
    call.usage = {**usage}
    return call
