"""Who signs: AWS's default chain from the environment, and temporary keys."""

from collections.abc import Iterator

import pytest

from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.leaks import (
    REGION,
    TEMPORARY_KEY,
    TEMPORARY_SECRET,
    TEMPORARY_TOKEN,
    assert_log_is_clean,
)

CONFIGURATION = """\
model_list:
  - model_name: ambient
    litellm_params:
      model: sagemaker_chat/chat
      sagemaker_base_url: {url}
  - model_name: temporary
    litellm_params:
      model: sagemaker_chat/chat
      sagemaker_base_url: {url}/endpoints/chat/invocations-response-stream
      aws_access_key_id: os.environ/OTHER_KEY
      aws_secret_access_key: os.environ/OTHER_SECRET
      aws_session_token: os.environ/OTHER_TOKEN
      aws_region_name: eu-west-1
  - model_name: biased
    litellm_params:
      model: sagemaker_chat/chat
      sagemaker_base_url: {url}
      logit_bias: {{50256: -100}}
      stream: true
"""


@pytest.fixture(scope="module")
def ambient(start: StartGateway, emulator_process: Emulated) -> Iterator[Gateway]:
    """A gateway whose keys are in AWS's own variables."""
    with start(
        CONFIGURATION.format(url=emulator_process.url),
        "--detailed_debug",
        AWS_ACCESS_KEY_ID=TEMPORARY_KEY,
        AWS_SECRET_ACCESS_KEY=TEMPORARY_SECRET,
        AWS_SESSION_TOKEN=TEMPORARY_TOKEN,
        AWS_DEFAULT_REGION=REGION,
        OTHER_KEY=TEMPORARY_KEY,
        OTHER_SECRET=TEMPORARY_SECRET,
        OTHER_TOKEN=TEMPORARY_TOKEN,
    ) as gateway:
        yield gateway


@pytest.mark.parametrize(("model", "region"), [("ambient", REGION), ("temporary", "eu-west-1")])
def test_temporary_keys(ambient: Gateway, emulated: Emulated, model: str, region: str) -> None:
    """Keys, token and region from AWS's variables, or from the file, sign both operations.

    A complete operation's URL as base URL serves both.
    """
    assert ambient.chat(model).status_code == 200
    assert ambient.stream(model).done

    entries = emulated.requests("chat")
    assert [entry["operation"] for entry in entries] == ["invoke", "stream"]
    for entry in entries:
        headers = entry["headers"]
        assert headers["x-amz-security-token"] == TEMPORARY_TOKEN
        assert f"/{region}/sagemaker/aws4_request" in headers["authorization"]
        assert "x-amz-security-token" in headers["authorization"]


def test_nothing_of_them_is_told(ambient: Gateway) -> None:
    """Banner and talkative log show where the identity comes from, never what it is."""
    ambient.chat("ambient")

    assert "default AWS chain" in ambient.process.out
    assert_log_is_clean(ambient.process.out + ambient.process.err)


def test_defaults_that_yaml_spells_its_own_way(ambient: Gateway, emulated: Emulated) -> None:
    """Number keys, as `logit_bias` has them in YAML, reach the container as JSON has them.

    A `stream` in the file does not turn a plain call into a stream.
    """
    answer = ambient.chat("biased")

    assert answer.status_code == 200, answer.text
    body = emulated.body()
    assert body["logit_bias"] == {"50256": -100}
    assert "stream" not in body
