"""Fixtures: an emulator process of the SDK's own, and an environment that points there."""

from collections.abc import Iterator

import pytest

import sagegate
from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.leaks import ACCESS_KEY, REGION, SECRET_KEY
from tests.live.processes import clean_environment, running

LLAMA = "jumpstart-dft-meta-textgeneration-llama-2-7b"
EMULATOR = {
    "regions": [REGION, "eu-west-1"],
    "journal": 2000,
    "credentials": serving.EMULATOR["credentials"],
    "endpoints": {
        serving.JUMPSTART: {"kind": "tgi"},
        LLAMA: {"kind": "tgi"},
        "my-text": {"kind": "tgi"},
        "my-chat": {"kind": "messages"},
        "my-component": {"kind": "messages", "inference_components": ["first"]},
        "my-embeddings": {"kind": "embeddings"},
        "my-rerank": {"kind": "rerank"},
        "no-stream": {"kind": "tgi", "streaming": False},
    },
}


@pytest.fixture(scope="session")
def sdk_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    """The emulator, started as users start it."""
    path = tmp_path_factory.mktemp("sdk") / "emulator.yaml"
    path.write_text(serving.written(EMULATOR), encoding="utf-8")
    arguments = ["-m", "emulator", "--port", "0", "--config", str(path)]
    with running(arguments, clean_environment()) as process:
        emulated = Emulated(process.address())
        yield emulated
        sagegate.close()
        emulated.close()


@pytest.fixture
def emulated(sdk_emulator: Emulated, monkeypatch: pytest.MonkeyPatch) -> Emulated:
    """The emulator with an empty journal; the environment says where it is, and who signs."""
    sdk_emulator.forget()
    for name, value in variables(sdk_emulator).items():
        monkeypatch.setenv(name, value)
    return sdk_emulator


def variables(emulated: Emulated) -> dict[str, str]:
    """What the environment says."""
    return {
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": emulated.url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION_NAME": REGION,
    }
