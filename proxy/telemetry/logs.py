"""Logs: one line for each request, also a refused one, as JSON or for people; never prompts."""

from __future__ import annotations

import logging
import sys
import time
from http import HTTPStatus

import structlog

from adapters.errors import ContextLengthExceeded, GatewayError, ModelError, Throttled
from proxy.routing.call import Call
from proxy.routing.tries import Try
from proxy.telemetry.lines import Lines, alone, dumped
from proxy.telemetry.raised import place_of_raise

_log = structlog.stdlib.get_logger("sagegate")

_CONTAINERS_WORDS = (ContextLengthExceeded, ModelError, Throttled)
#: Write keys, signatures and tokens into the finest grade of their logs, tracebacks into others;
#: what an operator needs of it all is in lines of our own.
_TALKATIVE = ("aioboto3", "aiobotocore", "boto3", "botocore", "urllib3")


def configure(*, level: int = logging.INFO, as_json: bool | None = None) -> None:
    """Set logging up for the process, on standard error.

    Args:
        level: The least level shown. Tracebacks, and what AWS's libraries say, are shown with
            DEBUG only; otherwise a line tells an error's type and place.
        as_json: One JSON object a line; None decides by whether a person watches.
    """
    if as_json is None:
        as_json = not sys.stderr.isatty()
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(dumped) if as_json else structlog.dev.ConsoleRenderer()
    )
    verbose = level <= logging.DEBUG
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    lines = Lines(sys.stderr) if as_json else logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info if verbose else place_of_raise,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.CRITICAL)


def report_call(call: Call, *, names_caller: bool = True) -> None:
    """Log one finished request; with its caller's alias, unless that is not wanted."""
    now = time.monotonic()
    tries = call.tries
    last = tries[-1] if tries else None
    queued, waited, sent, received = call.at_the_door, 0.0, 0, 0
    for each in tries:
        meter = each.meter
        if each.queue is not None:
            queued += each.queue.seconds
        waited += meter.wait.seconds
        sent += meter.sent
        received += meter.received
    fields: dict[str, object] = {
        "call_id": call.id,
        "caller": call.caller if names_caller else None,
        "client": call.client,
        "task": call.task,
        "model": call.model,
        "stream": call.stream,
        "deployment": call.deployment,
        "endpoint": call.endpoint,
        "component": None if last is None else last.meter.component,
        "variant": call.variant,
        "aws_request_id": call.request_id,
        "inference_id": call.inference_id,
        "attempts": len(tries),
        "retries": call.retries,
        "fallbacks": call.fell_back,
        "outcome": call.outcome,
        "status": int(call.status),
        "duration_ms": _milliseconds(now - call.started),
        "queue_ms": _milliseconds(queued),
        "upstream_ms": _milliseconds(waited),
        "request_bytes": call.size,
        "sent_bytes": sent,
        "received_bytes": received,
    }
    _add_what_there_is(call, fields)
    if call.error is None:
        _tell(logging.INFO, "info", fields)
    else:
        _add_failure(call.error, fields)
        _tell(logging.WARNING, "warning", fields)


def _tell(level: int, name: str, fields: dict[str, object]) -> None:
    """Write the line of a call: the one that every request has, so it takes the short way."""
    lines = alone(level)
    if lines is not None:
        lines.tell("call.finished", name, fields)
    else:
        _log.log(level, "call.finished", **fields)


def _add_failure(error: Exception, fields: dict[str, object]) -> None:
    """Say why there is no answer."""
    fields["error_type"] = type(error).__name__
    if isinstance(error, GatewayError):
        fields["error_code"] = error.code
        # A container's own words may quote the prompt; AWS's log stream, in the detail, has them.
        if not isinstance(error, _CONTAINERS_WORDS):
            fields["error"] = error.message
        fields["detail"] = error.detail


def _add_what_there_is(call: Call, fields: dict[str, object]) -> None:
    """Say what not every call has."""
    if call.trace is not None:
        fields["trace_id"] = call.trace.trace_id
        fields["span_id"] = call.trace.span_id
    if call.first_byte is not None:
        fields["first_byte_ms"] = _milliseconds(call.first_byte - call.started)
    if call.cold.seconds:
        fields["cold_wait_ms"] = _milliseconds(call.cold.seconds)
    if len(call.tries) > 1:
        fields["tries"] = [_told(each) for each in call.tries]
    if call.cache is not None:
        fields["cache"] = call.cache
    if call.usage is not None:
        fields["prompt_tokens"] = call.usage.get("prompt_tokens")
        fields["completion_tokens"] = call.usage.get("completion_tokens")


def report_refusal(call_id: str, client: str, method: str, path: str, error: GatewayError) -> None:
    """Log a request that was refused before it became a call."""
    _log.warning(
        "request.refused",
        call_id=call_id,
        client=client,
        method=method,
        path=path,
        status=error.status,
        error_code=error.code,
        error=error.message,
    )


def report_gone(call_id: str, client: str, method: str, path: str) -> None:
    """Log a request whose client left before it became a call."""
    _log.info("request.gone", call_id=call_id, client=client, method=method, path=path)


def _told(tried: Try) -> dict[str, object]:
    """Give what is told of one of several tries."""
    error = tried.error
    return {
        "deployment": tried.deployment,
        "status": HTTPStatus.OK.value if error is None else int(error.status),
        "error_type": None if error is None else type(error).__name__,
        "queue_ms": _milliseconds(tried.queued),
        "upstream_ms": _milliseconds(tried.meter.wait.seconds),
    }


def _milliseconds(seconds: float) -> float:
    return int(seconds * 10_000 + 0.5) / 10  # `round` takes five times as long
