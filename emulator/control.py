"""The control routes under `/_emulator`: read the journal, script faults.

They are the emulator's own, unsigned and not part of SageMaker. Knows JSON; refuses to know how
faults and the journal work.
"""

from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.faults import Fault
from emulator.managed import Name
from emulator.runtime import Runtime

_PATIENCE = 10  # seconds that a caller waits for a count, unless it says otherwise


class _Order(BaseModel):
    """`{"endpoint": ..., "fault": ..., "times": n, ...}`, split into its two parts."""

    model_config = ConfigDict(extra="forbid")

    endpoint: Name
    fault: Fault


class Control:
    """The control routes of one emulator."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def routes(self) -> list[Route]:
        """The routes, for the application."""
        return [
            Route("/_emulator/requests", self._requests, methods=["GET"]),
            Route("/_emulator/requests", self._clear_requests, methods=["DELETE"]),
            Route("/_emulator/open", self._open, methods=["GET"]),
            Route("/_emulator/faults", self._faults, methods=["GET"]),
            Route("/_emulator/faults", self._add_fault, methods=["POST"]),
            Route("/_emulator/faults", self._restore_faults, methods=["DELETE"]),
        ]

    async def _requests(self, request: Request) -> Response:
        """The last requests, oldest first; `?endpoint=` chooses one endpoint's."""
        endpoint = request.query_params.get("endpoint")
        entries = self._runtime.journal.entries
        return _json([each.to_json() for each in entries if endpoint in {None, each.endpoint}])

    async def _clear_requests(self, _: Request) -> Response:
        """Forgets the requests and the number cut."""
        self._runtime.journal.clear()
        return Response(status_code=204)

    async def _open(self, request: Request) -> Response:
        """How many invocations are under way and how many the callers cut.

        `?open=N` and `?cut=N` wait until exactly N are open and at least N were cut; 408 when
        that has not happened within ten seconds, or within `?seconds=N`.
        """
        journal, query = self._runtime.journal, request.query_params
        try:
            wanted = {name: int(query[name]) for name in query}
        except ValueError:
            return _json({"error": "open, cut and seconds are whole numbers"}, 400)
        status = 200
        try:
            await journal.until(
                open_=wanted.get("open"),
                cut=wanted.get("cut"),
                seconds=wanted.get("seconds", _PATIENCE),
            )
        except TimeoutError:
            status = 408
        return _json({"open": journal.open, "cut": journal.cut}, status)

    async def _faults(self, _: Request) -> Response:
        """The faults that are still to happen."""
        return _json(
            [
                {"endpoint": endpoint, **fault.model_dump(exclude={"times"}), "times": left}
                for endpoint, fault, left in self._runtime.faults
            ]
        )

    async def _add_fault(self, request: Request) -> Response:
        """Adds a fault to an endpoint."""
        try:
            order = _order(orjson.loads(await request.body()))
        except (orjson.JSONDecodeError, ValidationError) as cause:
            return _json({"error": _explain(cause)}, 400)
        if self._runtime.find(order.endpoint) is None:
            return _json({"error": f"there is no endpoint {order.endpoint}"}, 404)
        self._runtime.faults.add(order.endpoint, order.fault)
        return Response(status_code=204)

    async def _restore_faults(self, _: Request) -> Response:
        """Goes back to the configured faults."""
        self._runtime.faults.restore()
        return Response(status_code=204)


def _order(content: Any) -> _Order:
    if not isinstance(content, dict):
        return _Order.model_validate(content)
    fault = {name: value for name, value in content.items() if name != "endpoint"}
    return _Order.model_validate({"endpoint": content.get("endpoint"), "fault": fault})


def _explain(cause: orjson.JSONDecodeError | ValidationError) -> str:
    if isinstance(cause, ValidationError):
        return "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in cause.errors(include_url=False, include_input=False)
        )
    return str(cause)


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
