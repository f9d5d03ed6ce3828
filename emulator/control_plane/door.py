"""The control plane's one route, `POST /`: read, verify, find the operation, answer.

Services share the address; the signature's scope tells which one is meant. Knows that order and
which services there are; what an operation answers is another module's.
"""

import uuid
from collections.abc import Mapping

import orjson
from starlette.types import Receive, Scope, Send

from emulator.connection import BodyTooLarge, CallerGone, Connection
from emulator.control_plane import access, sagemaker, scaling
from emulator.control_plane.asked import Answer, Asked, Fault, Operation, invalid
from emulator.control_plane.protocols import JsonWire, QueryWire, Wire
from emulator.errors import Refused
from emulator.managed import Decision
from emulator.runtime import Runtime

#: By the name in a signature's scope.
_OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    "sagemaker": sagemaker.OPERATIONS,
    "sts": access.STS,
    "iam": access.IAM,
    "application-autoscaling": scaling.SCALING,
    "monitoring": scaling.CLOUDWATCH,
}
_JSON = JsonWire()
_WIRES: Mapping[str, Wire] = {
    "sts": QueryWire("https://sts.amazonaws.com/doc/2011-06-15/"),
    "iam": QueryWire("https://iam.amazonaws.com/doc/2010-05-08/"),
    "monitoring": QueryWire("http://monitoring.amazonaws.com/doc/2010-08-01/"),
}
#: In policies CloudWatch has another name than in signatures.
_ACTION_PREFIX = {"monitoring": "cloudwatch"}
#: IAM's words for a refusal.
_WHY: Mapping[Decision, str] = {
    "explicitDeny": "with an explicit deny in an identity-based policy",
    "implicitDeny": "because no identity-based policy allows the {action} action",
}
_BODY_LIMIT = 1_048_576


class ControlPlaneDoor:
    """The ASGI application of the route."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one call."""
        connection = Connection(scope, receive, send)
        request_id = str(uuid.uuid4())
        wire = _wire(connection.headers)
        try:
            body = await connection.read(_BODY_LIMIT)
            answer = self._answered(connection, wire, body, request_id)
        except CallerGone:
            return
        except BodyTooLarge:
            fault = Fault(413, "RequestEntityTooLarge", "The request is too large.")
        except Refused as refused:
            fault = _fault(refused)
        except Fault as cause:
            fault = cause
        else:
            await _send(connection, 200, wire, answer, request_id)
            return
        await _send(connection, fault.status, wire, wire.fault(fault, request_id), request_id)

    def _answered(self, connection: Connection, wire: Wire, body: bytes, request_id: str) -> bytes:
        request = connection.signed_request(body)
        identity = self._runtime.verifier.verify(request, tuple(_OPERATIONS))
        name, parameters = wire.read(connection.headers, body)
        asked = Asked(runtime=self._runtime, identity=identity, parameters=parameters)
        return wire.answer(name, _answer(asked, name), request_id)


def _answer(asked: Asked, name: str) -> Answer:
    service = asked.identity.service
    found = _OPERATIONS[service].get(name)
    if found is None:
        raise Fault(400, "UnknownOperationException", f"{service} {name} is not emulated.")
    action = f"{_ACTION_PREFIX.get(service, service)}:{name}"
    # As on AWS, everybody may ask who they are.
    decision = "allowed" if service == "sts" else asked.policy.decision(action)
    if decision != "allowed":
        why = _WHY[decision].format(action=action)
        text = f"User: {asked.caller_arn} is not authorized to perform: {action} {why}"
        raise Fault(403, "AccessDeniedException", text)
    unknown = asked.parameters.keys() - found.parameters
    if unknown:
        raise invalid(f"{', '.join(sorted(unknown))}: not emulated.")
    return found.answer(asked)


def _wire(headers: Mapping[str, str]) -> Wire:
    """The protocol of the service that a request is signed for."""
    scope = headers.get("authorization", "").partition("Credential=")[2].partition(",")[0]
    service = scope.rpartition("/")[0].rpartition("/")[2]
    return _WIRES.get(service, _JSON)


def _fault(refused: Refused) -> Fault:
    return Fault(refused.status, refused.name, orjson.loads(refused.body)["message"])


async def _send(
    connection: Connection, status: int, wire: Wire, body: bytes, request_id: str
) -> None:
    headers = (("x-amzn-requestid", request_id), ("content-type", wire.content_type))
    await connection.answer(status, headers, body)
