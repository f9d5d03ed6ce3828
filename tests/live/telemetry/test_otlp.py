"""Traces as a collector gets them: real processes, OTLP over HTTP, decoded with its own schema."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO

trace_service: Any = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
TRACE = "0af7651916cd43dd8448eb211c80319c"


class Collector:
    """Takes spans on loopback."""

    def __init__(self) -> None:
        spans: queue.Queue[Any] = queue.Queue()

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                told = trace_service.ExportTraceServiceRequest.FromString(body)
                for resource in told.resource_spans:
                    for scope in resource.scope_spans:
                        for span in scope.spans:
                            spans.put(span)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's names
                pass

        self.spans = spans
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_spans_arrive(
    start: StartGateway, emulated: Emulated, collector: Collector, workers: str
) -> None:
    """A request and its try are told at the gateway's end at the latest, in the client's trace."""
    configuration = serving.small_gateway(emulated.url)
    configuration["litellm_settings"] = {"callbacks": ["otel"]}
    configuration["model_list"][0]["litellm_params"]["custom_attributes"] = "from_traceparent"
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    with start(serving.written(configuration), "--num_workers", workers, **variables) as gateway:
        body = {"model": "chat", "messages": HELLO}
        headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
        answer = gateway.http.post("/v1/chat/completions", json=body, headers=headers)
        assert answer.is_success
    spans = {span.name: span for span in (collector.spans.get(timeout=20) for _ in range(2))}
    request, attempt = spans["POST /v1/chat/completions"], spans["chat chat"]
    assert request.trace_id.hex() == attempt.trace_id.hex() == TRACE
    assert request.parent_span_id.hex() == "b7ad6b7169203331"
    assert attempt.parent_span_id == request.span_id
    about = {each.key: each.value for each in attempt.attributes}
    assert about["gen_ai.usage.input_tokens"].int_value > 0
    sent = emulated.only()["headers"]["x-amzn-sagemaker-custom-attributes"]
    assert sent == f"traceparent=00-{TRACE}-{request.span_id.hex()}-01"
    everything = repr(spans)
    assert "Where is" not in everything
