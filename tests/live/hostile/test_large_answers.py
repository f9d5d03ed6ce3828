"""Answers of SageMaker's that are larger than the operator allows (case F10)."""

from collections.abc import Iterator

import pytest

from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, error_of


@pytest.fixture(scope="module")
def frugal(start: StartGateway, emulator_process: Emulated) -> Iterator[Gateway]:
    """A gateway that takes a kilobyte of each answer."""
    configuration = {
        "model_list": [
            serving.model("hostile", "sagemaker_chat/chat-hostile"),
            serving.model("small", "sagemaker/tgi-ping"),
        ],
        "router_settings": serving.router(emulator_process.url),
        "general_settings": {"max_response_size_mb": 1 / 1024},
    }
    with start(serving.written(configuration)) as gateway:
        yield gateway


def test_a_large_answer_is_refused(frugal: Gateway, emulated: Emulated) -> None:
    """A whole answer beyond `max_response_size_mb` is a 502 that says so; smaller ones pass."""
    del emulated
    refused = frugal.chat("hostile", messages=[{"role": "user", "content": "x" * 2000}], n=4)

    assert refused.status_code == 502
    assert error_of(refused)["code"] == "response_too_large"
    assert frugal.text("small") == "ping pong"


def test_a_long_stream_ends(frugal: Gateway, emulated: Emulated) -> None:
    """A stream that has grown beyond it ends with that error, and without `[DONE]`."""
    emulated.fault("chat-hostile", "slow_records", seconds=0.02, times=1)
    stream = frugal.stream("hostile")

    assert stream.status == 200
    assert not stream.done
    assert stream.error is not None
    assert stream.error["code"] == "response_too_large"
    assert frugal.stream("small", max_tokens=1).done
