"""Traces: a span for each request and each try, in OpenTelemetry's words; an extra."""
