"""The reference page's proxy examples, as they stand there.

Two edits, no more: the port of the example addresses is the running gateway's, and imports that
today's LangChain no longer has are spelled as today. The gateway's files get two sections behind
the example: where SageMaker is (the emulator), so that nothing leaves this machine.
"""

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.live import serving
from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.leaks import ACCESS_KEY, REGION, SECRET_KEY, assert_reply_is_clean

CONFIGURATION = """\
model_list:
  - model_name: jumpstart-model
    litellm_params:
      model: sagemaker/jumpstart-dft-hf-textgeneration1-mp-20240815-185614
      aws_access_key_id: os.environ/CUSTOM_AWS_ACCESS_KEY_ID
      aws_secret_access_key: os.environ/CUSTOM_AWS_SECRET_ACCESS_KEY
      aws_region_name: os.environ/CUSTOM_AWS_REGION_NAME
  - model_name: "sagemaker-model"
    litellm_params:
      model: "sagemaker_chat/seed-chat"
      aws_access_key_id: os.environ/AWS_ACCESS_KEY_ID
      aws_secret_access_key: os.environ/AWS_SECRET_ACCESS_KEY
      aws_region_name: os.environ/AWS_REGION_NAME
"""

CURL = """\
curl --location 'http://0.0.0.0:4000/chat/completions' \\
--header 'Content-Type: application/json' \\
--data ' {
      "model": "jumpstart-model",
      "messages": [
        {
          "role": "user",
          "content": "what llm are you"
        }
      ]
    }
'
"""


@pytest.fixture(scope="module")
def page(start: StartGateway, emulator_process: Emulated) -> Iterator[Gateway]:
    """The page's two files in one, with the variables that they name and ambient ones that lie."""
    where = f"router_settings:\n  default_litellm_params:\n    api_base: {emulator_process.url}\n"
    with start(
        CONFIGURATION + where,
        CUSTOM_AWS_ACCESS_KEY_ID=ACCESS_KEY,
        CUSTOM_AWS_SECRET_ACCESS_KEY=SECRET_KEY,
        CUSTOM_AWS_REGION_NAME=REGION,
        AWS_ACCESS_KEY_ID=ACCESS_KEY,
        AWS_SECRET_ACCESS_KEY=SECRET_KEY,
        AWS_REGION_NAME=REGION,
        AWS_SESSION_TOKEN="ambient-token-of-somebody-else",
        AWS_BEARER_TOKEN_BEDROCK="bedrock-token",
    ) as gateway:
        yield gateway


@pytest.fixture
def seed(page: Gateway, emulated: Emulated) -> Gateway:
    """The page's gateway in front of an emulator with an empty journal."""
    del emulated
    return page


def at(gateway: Gateway) -> str:
    """The page's address, with the port that the gateway really has."""
    return f"http://0.0.0.0:{gateway.address[1]}"


def curl(gateway: Gateway, model: str) -> str:
    """The page's curl command, for one of its two models; what curl prints."""
    command = CURL.replace("http://0.0.0.0:4000", at(gateway)).replace("jumpstart-model", model)
    done = subprocess.run(
        ["/usr/bin/env", *shlex.split(command.replace("\\\n", "")), "--silent", "--show-error"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert_reply_is_clean(done.stdout)
    return done.stdout


def test_curl_of_the_page(seed: Gateway, emulated: Emulated) -> None:
    """The page's curl command answers an OpenAI chat completion under the public model name."""
    answer = json.loads(curl(seed, "jumpstart-model"))

    assert answer["object"] == "chat.completion"
    assert answer["model"] == "jumpstart-model"
    assert answer["id"].startswith("chatcmpl-")
    choice = answer["choices"][0]
    assert choice["message"]["role"] == "assistant"
    assert "what llm are you" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"
    entry = emulated.only()
    assert entry["endpoint"] == serving.JUMPSTART
    assert entry["body"] == '{"inputs":"what llm are you","parameters":{}}'


def test_curl_of_the_messages_route(seed: Gateway, emulated: Emulated) -> None:
    """The `sagemaker_chat/` file of the page sends the Messages API, `messages` first."""
    answer = json.loads(curl(seed, "sagemaker-model"))

    assert answer["model"] == "sagemaker-model"
    assert "what llm are you" in answer["choices"][0]["message"]["content"]
    entry = emulated.only("seed-chat")
    assert entry["body"] == (
        '{"messages":[{"role":"user","content":"what llm are you"}],"model":""}'
    )


def test_curl_with_a_large_body(seed: Gateway, tmp_path: Path) -> None:
    """Curl waits for `100 Continue` before a large body: a 413 reaches it, and no reset."""
    body = tmp_path / "body.json"
    body.write_text('{"model":"jumpstart-model","messages":"' + "x" * 27_000_000 + '"}')

    done = subprocess.run(
        [
            *("/usr/bin/env", "curl", "--silent", "--show-error", "--data-binary", f"@{body}"),
            *("--header", "Content-Type: application/json", f"{at(seed)}/chat/completions"),
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert json.loads(done.stdout)["error"]["code"] == "request_too_large"


def test_keys_of_the_file_ignore_the_ambient_session_token(
    seed: Gateway, emulated: Emulated
) -> None:
    """Explicit keys never pick up `AWS_SESSION_TOKEN`; Bedrock's bearer token has no effect."""
    curl(seed, "sagemaker-model")

    headers = emulated.only()["headers"]
    assert "x-amz-security-token" not in headers
    assert headers["authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/")


def test_openai_sdk_of_the_page(seed: Gateway) -> None:
    """The page's OpenAI snippet runs; any key will do where none is configured."""
    client = openai.OpenAI(api_key="anything", base_url=at(seed))

    response = client.chat.completions.create(
        model="jumpstart-model",
        messages=[{"role": "user", "content": "this is a test request, write a short poem"}],
    )

    assert response.choices[0].message.role == "assistant"
    assert "write a short poem" in (response.choices[0].message.content or "")
    assert response.usage is not None
    assert response.usage.total_tokens > 0


def test_langchain_of_the_page(seed: Gateway, emulated: Emulated) -> None:
    """The page's LangChain snippet runs with today's imports; `temperature` arrives."""
    chat = ChatOpenAI(
        base_url=at(seed),
        model="jumpstart-model",
        temperature=0.1,
        api_key=SecretStr("anything"),
    )
    messages = [
        SystemMessage(
            content="You are a helpful assistant that im using to make a test request to."
        ),
        HumanMessage(content="test from litellm. tell me why it's amazing in 1 sentence"),
    ]

    response = chat.invoke(messages)

    assert "amazing in 1 sentence" in str(response.content)
    body = emulated.body()
    assert body["parameters"] == {"temperature": 0.1}
    assert all(message.content in body["inputs"] for message in messages)


def test_parameters_on_the_request(seed: Gateway, emulated: Emulated) -> None:
    """`temperature`, `top_p` and, through `extra_body`, `top_k` reach the container as sent."""
    client = openai.OpenAI(api_key="anything", base_url=at(seed))

    client.chat.completions.create(
        model="jumpstart-model",
        messages=[{"role": "user", "content": "this is a test request, write a short poem"}],
        temperature=0.7,
        top_p=1,
        extra_body={"top_k": 1},
    )

    assert emulated.body()["parameters"] == {"temperature": 0.7, "top_p": 1, "top_k": 1}


def test_temperature_zero_on_the_request(seed: Gateway, emulated: Emulated) -> None:
    """Without the flag, temperature 0 reaches the container as 0.1."""
    client = openai.OpenAI(api_key="anything", base_url=at(seed))

    client.chat.completions.create(
        model="jumpstart-model",
        messages=[{"role": "user", "content": "this is a test request, write a short poem"}],
        temperature=0,
    )

    assert emulated.body()["parameters"] == {"temperature": 0.1}


def test_start_up_says_what_serves_where(seed: Gateway) -> None:
    """The banner names address, docs page, and each model's endpoint, format and identity."""
    banner = seed.process.out

    for text in (seed.url, "/docs", "jumpstart-model", serving.JUMPSTART, "sagemaker-model"):
        assert text in banner
    assert "huggingface" in banner
    assert "messages" in banner
    assert "static keys" in banner
    assert ACCESS_KEY not in banner + seed.process.err
    assert SECRET_KEY not in banner + seed.process.err
    assert "127.0.0.1 only" in seed.process.err
