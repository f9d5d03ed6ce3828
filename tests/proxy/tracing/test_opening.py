"""When traces are made, and what keeps a gateway that should make them from its start."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

from adapters.errors import ConfigError
from proxy.config.schema import LitellmSettings
from proxy.tracing.opening import asked_for, check, tracing

OTEL = LitellmSettings(success_callback=("prometheus", "otel"))


@pytest.mark.parametrize(
    ("settings", "environ", "asked"),
    [
        (LitellmSettings(), {}, None),
        (LitellmSettings(callbacks=("prometheus",)), {}, None),
        (OTEL, {}, ("litellm_settings", "success_callback", 1)),
        (OTEL, {"OTEL_SDK_DISABLED": "True "}, None),
        (OTEL, {"OTEL_TRACES_EXPORTER": "none"}, None),
    ],
)
def test_who_asks(settings: LitellmSettings, environ: Mapping[str, str], asked: object) -> None:
    """Only the configuration switches traces on; OpenTelemetry's own variables switch them off."""
    assert asked_for(settings, environ) == asked


async def test_off_costs_nothing() -> None:
    """Where nobody asks there is nothing to call, and nothing of the library is loaded."""
    before = set(sys.modules)
    async with tracing(LitellmSettings(), {}) as made:
        assert made is None
    assert not {name for name in set(sys.modules) - before if name.startswith("opentelemetry")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
    ],
)
def test_what_is_not_there_is_told_at_the_start(name: str, value: str) -> None:
    """A variable that asks for another exporter or protocol is refused by its name."""
    with pytest.raises(ConfigError, match=f"{name}={value}"):
        check(OTEL, {name: value})


def test_a_missing_package_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install, at the place that wants it; without otel nobody cares."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk", None)
    check(LitellmSettings(), {})
    with pytest.raises(ConfigError, match=r"pip install 'sagegate\[otel\]'") as caught:
        check(OTEL, {})
    assert caught.value.path == ("litellm_settings", "success_callback", 1)
