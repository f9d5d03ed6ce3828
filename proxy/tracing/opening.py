"""Opens OpenTelemetry where the configuration asks for it; loads it then only.

Settings are OpenTelemetry's own variables, read by its own code from the process's environment:
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
Export is a thread's business: a collector that is slow or away costs spans, never a request.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import structlog

from adapters.errors import ConfigError
from proxy.config.callbacks import CALLBACK_LISTS, OTEL
from proxy.config.schema import LitellmSettings
from proxy.telemetry.redactor import Redactor, load
from proxy.version import version

if TYPE_CHECKING:
    from proxy.tracing.tracing import Tracing

_log = structlog.stdlib.get_logger("sagegate")

#: Seconds that the last spans have to leave.
_FAREWELL: Final = 5.0
_NEEDED: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_CAPTURE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
#: The conventions' later values beside the earlier one; events alone are not made here.
_CAPTURES: Final = frozenset({"true", "span_only", "span_and_event"})


def asked_for(
    settings: LitellmSettings, environ: Mapping[str, str]
) -> tuple[str | int, ...] | None:
    """Give the place that asks for traces; None where nothing does, or a variable forbids."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    if environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return None
    for key in sorted(CALLBACK_LISTS):
        names = getattr(settings, key)
        if OTEL in names:
            return ("litellm_settings", key, names.index(OTEL))
    return None


def check(settings: LitellmSettings, environ: Mapping[str, str]) -> None:
    """Find out what would keep traces from being sent.

    Raises:
        ConfigError: a package is missing, or a variable asks for what is not there.
    """
    path = asked_for(settings, environ)
    if path is None:
        return
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    if exporter != "otlp":
        raise ConfigError(f"OTEL_TRACES_EXPORTER={exporter}: expected otlp or none", path=path)
    for name in _PROTOCOLS:
        protocol = environ.get(name, "").strip() or "http/protobuf"
        if protocol != "http/protobuf":
            raise ConfigError(f"{name}={protocol}: only http/protobuf is there", path=path)
    if not all(map(_is_there, _NEEDED)):
        message = "otel needs packages more: pip install 'sagegate[otel]'"
        raise ConfigError(message, path=path)


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # not even what it is in
        return False


@asynccontextmanager
async def tracing(
    settings: LitellmSettings, environ: Mapping[str, str]
) -> AsyncIterator[Tracing | None]:
    """Give what makes spans during the block, and None where nobody asks; the last are sent.

    Raises:
        ConfigError: as `check`.
    """
    if asked_for(settings, environ) is None:
        yield None
        return
    check(settings, environ)
    # loading and opening read files
    provider = await asyncio.to_thread(_provider, environ)
    from proxy.tracing.tracing import Tracing  # noqa: PLC0415 - the library behind it is an extra

    try:
        yield Tracing(
            provider.get_tracer("sagegate", version()),
            redact=_redactor(settings, environ),
            names_caller=not settings.redact_user_api_key_info,
        )
    finally:
        await _within(_FAREWELL, provider.shutdown)


def _redactor(settings: LitellmSettings, environ: Mapping[str, str]) -> Redactor | None:
    """Give what prompts go through; None where nobody wants them in spans, or somebody does not."""
    wanted = environ.get(_CAPTURE, "").strip().lower() in _CAPTURES
    if not wanted or settings.turn_off_message_logging:
        return None
    own = settings.redact_messages
    return Redactor(None if own is None else load(own))


def _provider(environ: Mapping[str, str]) -> Any:
    """Give OpenTelemetry's provider: how much it exports, and where to, its own variables say."""
    trace: Any = import_module("opentelemetry.sdk.trace")
    export: Any = import_module("opentelemetry.sdk.trace.export")
    resources: Any = import_module("opentelemetry.sdk.resources")
    otlp: Any = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    about = {"service.version": version(), "service.instance.id": str(uuid.uuid4())}
    if "service.name" not in environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        about["service.name"] = environ.get("OTEL_SERVICE_NAME") or "sagegate"
    provider = trace.TracerProvider(
        resource=resources.Resource.create(about), shutdown_on_exit=False
    )
    provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter()))
    return provider


async def _within(seconds: float, end: Callable[[], object]) -> None:
    """Have something done beside the loop, and wait for so long: it may try for much longer."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def run() -> None:
        end()
        loop.call_soon_threadsafe(done.set)

    # a daemon: a collector that is away must not keep the process from its end
    threading.Thread(target=run, name="last-spans", daemon=True).start()
    try:
        await asyncio.wait_for(done.wait(), seconds)
    except TimeoutError:
        _log.warning("traces.lost", seconds=seconds)
