"""AWS's two older protocols: JSON 1.1, and the query protocol with its XML.

Knows how calls and answers are written; refuses to know which there are.

Sources: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html and
https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import orjson

from emulator.control_plane.asked import Answer, Fault, invalid

_MEMBER = re.compile(r"(\w+)\.member\.\d+")
#: Errors of a signature have other names where answers are XML.
_QUERY_NAMES = {
    "UnrecognizedClientException": "InvalidClientTokenId",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "ExpiredTokenException": "ExpiredToken",
    "AccessDeniedException": "AccessDenied",
    "ValidationException": "ValidationError",
}


class Wire(Protocol):
    """One protocol."""

    content_type: str

    def read(self, headers: Mapping[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
        """The operation's name and its parameters.

        Raises:
            Fault: 400.
        """
        ...

    def answer(self, operation: str, answer: Answer, request_id: str) -> bytes:
        """The body of an answer."""
        ...

    def fault(self, fault: Fault, request_id: str) -> bytes:
        """The body of an error."""
        ...


class JsonWire:
    """JSON 1.1: the operation stands in `X-Amz-Target`."""

    content_type = "application/x-amz-json-1.1"

    def read(self, headers: Mapping[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
        """Parses the body."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            parameters = orjson.loads(body)
        except orjson.JSONDecodeError:
            parameters = None
        if not isinstance(parameters, dict):
            raise Fault(400, "SerializationException", "The body is not a JSON object.")
        return operation, parameters

    def answer(self, operation: str, answer: Answer, request_id: str) -> bytes:
        """Writes the members as they are."""
        del operation, request_id
        return orjson.dumps(answer)

    def fault(self, fault: Fault, request_id: str) -> bytes:
        """Writes name and text."""
        del request_id
        return orjson.dumps({"__type": fault.code, "message": fault.message})


class QueryWire:
    """The query protocol: a form in, XML out."""

    content_type = "text/xml"

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def read(self, headers: Mapping[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
        """Parses the form; `Name.member.N` become lists, in the order in which they come."""
        del headers
        parameters: dict[str, Any] = {}
        for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
            member = _MEMBER.fullmatch(name)
            if member:
                parameters.setdefault(member[1], []).append(value)
            else:
                parameters[name] = value
        parameters.pop("Version", None)
        operation = parameters.pop("Action", None)
        if operation is None:
            raise invalid("The request has no Action.")
        return operation, parameters

    def answer(self, operation: str, answer: Answer, request_id: str) -> bytes:
        """Writes the members inside the result, beside the request's id."""
        content = {
            f"{operation}Result": answer,
            "ResponseMetadata": {"RequestId": request_id},
        }
        return self._document(f"{operation}Response", content)

    def fault(self, fault: Fault, request_id: str) -> bytes:
        """Writes name and text, the name as the older services have it."""
        code = _QUERY_NAMES.get(fault.code, fault.code)
        error = {"Type": "Sender", "Code": code, "Message": fault.message}
        return self._document("ErrorResponse", {"Error": error, "RequestId": request_id})

    def _document(self, root: str, content: Answer) -> bytes:
        return f'<{root} xmlns="{self._namespace}">{_xml(content)}</{root}>'.encode()


def _xml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(f"<{name}>{_xml(each)}</{name}>" for name, each in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(f"<member>{_xml(each)}</member>" for each in value)
    return escape(str(value))
