"""An upstream that is killed, with streams open: from outside, with real processes."""

import signal
import threading
from pathlib import Path

import httpx
import openai
import pytest

from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, events
from tests.live.groups.models import EMULATOR, member
from tests.live.processes import Process, clean_environment


@pytest.fixture
def victim(tmp_path: Path) -> Process:
    """An emulator that the test kills."""
    path = tmp_path / "victim.yaml"
    path.write_text(serving.written(EMULATOR), encoding="utf-8")
    arguments = ["-m", "emulator", "--port", "0", "--config", str(path)]
    return Process(arguments, clean_environment())


def test_an_upstream_killed_in_the_middle_of_streams(
    start: StartGateway, emulated: Emulated, victim: Process
) -> None:
    """Open streams end with an error, whoever asks next is answered by the sibling."""
    try:
        told = Emulated(victim.address())
        told.fault("one", "slow_records", seconds=60)
        told.close()
        settings = {
            "model_list": [
                member("m", "doomed", order=0, sagemaker_base_url=victim.address()),
                member("m", "well", order=1),
            ],
            "router_settings": {"default_litellm_params": serving.defaults(emulated.url)},
        }
        with start(serving.written(settings)) as gateway:
            streaming = [Streaming(gateway.url) for _ in range(5)]
            for each in streaming:
                each.begun.wait(30)
            victim.send(signal.SIGKILL)
            for each in streaming:
                each.join(30)
                assert each.headers["x-litellm-model-id"] == "m-doomed"
                last = events(each.text)[-1]
                assert '"error"' in last
                assert "[DONE]" not in each.text

            with openai.OpenAI(api_key="x", base_url=f"{gateway.url}/v1", max_retries=0) as client:
                raw = client.chat.completions.with_raw_response.create(
                    model="m", messages=[{"role": "user", "content": "Hi"}]
                )
                assert raw.headers["x-litellm-model-id"] == "m-well"
                chunks = list(
                    client.chat.completions.create(
                        model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
                    )
                )
                assert chunks[-1].choices[0].finish_reason == "stop"
    finally:
        victim.kill()


class Streaming(threading.Thread):
    """A client that reads a stream until it ends."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.begun = threading.Event()
        self.headers = httpx.Headers()
        self.text = ""
        self._url = url
        self.start()

    def run(self) -> None:
        """Reads."""
        body = {"model": "m", "messages": HELLO, "stream": True}
        with (
            httpx.Client(base_url=self._url, trust_env=False, timeout=60) as client,
            client.stream("POST", "/v1/chat/completions", json=body) as answer,
        ):
            self.headers = answer.headers
            for part in answer.iter_text():
                self.text += part
                self.begun.set()
