"""The reference page's SDK examples, as they stand there, with `sagegate` for `litellm`.

The edits, no more: placeholders (`""`, `<your-endpoint-name>`) are filled in, and the last
example, which calls `litellm.embedding` without importing `litellm`, imports it.
"""

import json
from typing import Any

import pytest

import sagegate
from tests.live import serving
from tests.live.emulated import Emulated
from tests.live.leaks import ACCESS_KEY, REGION, SECRET_KEY
from tests.live.sdk.conftest import LLAMA

ENVIRONMENT = """\
import os
from litellm import completion

os.environ["AWS_ACCESS_KEY_ID"] = ""
os.environ["AWS_SECRET_ACCESS_KEY"] = ""
os.environ["AWS_REGION_NAME"] = ""
"""
PLACEHOLDERS = {
    '["AWS_ACCESS_KEY_ID"] = ""': f'["AWS_ACCESS_KEY_ID"] = "{ACCESS_KEY}"',
    '["AWS_SECRET_ACCESS_KEY"] = ""': f'["AWS_SECRET_ACCESS_KEY"] = "{SECRET_KEY}"',
    '["AWS_REGION_NAME"] = ""': f'["AWS_REGION_NAME"] = "{REGION}"',
    'aws_access_key_id=""': f'aws_access_key_id="{ACCESS_KEY}"',
    'aws_secret_access_key=""': f'aws_secret_access_key="{SECRET_KEY}"',
    'aws_region_name=""': f'aws_region_name="{REGION}"',
    '"<your-model-name"': '"first"',
    "litellm": "sagegate",
}


def run(example: str, endpoint: str = "", **names: Any) -> Any:
    """Runs an example of the page and gives its `response`."""
    code = example
    for placeholder, filling in PLACEHOLDERS.items():
        code = code.replace(placeholder, filling)
    for placeholder in ("<your-endpoint-name>", "<your-deployment-name>"):
        code = code.replace(placeholder, endpoint)
    exec(compile(code, "<example>", "exec"), names)  # noqa: S102 - the page's own code, above
    return names["response"]


def said(response: Any) -> str:
    """What the model answered; the answer must be an OpenAI chat completion."""
    assert response.object == "chat.completion"
    assert response["choices"][0]["finish_reason"] == "stop"
    text: str = response.choices[0].message.content
    return text


USAGE = """
response = completion(
            model="sagemaker/<your-endpoint-name>",
            messages=[{ "content": "Hello, how are you?","role": "user"}],
            temperature=0.2,
            max_tokens=80
        )
"""


def test_usage(emulated: Emulated) -> None:
    """The first example: OpenAI's parameters become TGI's; `model` is the endpoint's name."""
    response = run(ENVIRONMENT + USAGE, "my-text")

    assert "Hello, how are you?" in said(response)
    assert response.model == "my-text"
    entry = emulated.only()
    assert entry["endpoint"] == "my-text"
    assert f"Credential={ACCESS_KEY}/" in entry["headers"]["authorization"]
    assert json.loads(entry["body"]) == {
        "inputs": "Hello, how are you?",
        "parameters": {"temperature": 0.2, "max_new_tokens": 80},
    }


STREAMING = """
response = completion(
            model="sagemaker/jumpstart-dft-meta-textgeneration-llama-2-7b",
            messages=[{ "content": "Hello, how are you?","role": "user"}],
            temperature=0.2,
            max_tokens=80,
            stream=True,
        )
for chunk in response:
    print(chunk)
"""


def test_streaming(emulated: Emulated, capsys: pytest.CaptureFixture[str]) -> None:
    """The streaming example prints chunks; SageMaker streams today, so it is no fake."""
    run(ENVIRONMENT + STREAMING)

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 3
    assert all("'object': 'chat.completion.chunk'" in line for line in lines)
    assert "'role': 'assistant'" in lines[0]
    assert "'finish_reason': 'stop'" in lines[-1]
    assert emulated.operations() == ["stream"]


PARAMETERS = """
response = completion(
  model="sagemaker/jumpstart-dft-hf-textgeneration1-mp-20240815-185614",
  messages=[{ "content": "Hello, how are you?","role": "user"}],
  temperature=0.7,
  top_p=1
)
"""
ZERO = """
response = completion(
  model="sagemaker/jumpstart-dft-hf-textgeneration1-mp-20240815-185614",
  messages=[{ "content": "Hello, how are you?","role": "user"}],
  temperature=0,
  aws_sagemaker_allow_zero_temp=True,
)
"""
PROVIDER = """
response = completion(
  model="sagemaker/jumpstart-dft-hf-textgeneration1-mp-20240815-185614",
  messages=[{ "content": "Hello, how are you?","role": "user"}],
  top_k=1 # PROVIDER-SPECIFIC PARAM
)
"""


@pytest.mark.parametrize(
    ("example", "parameters"),
    [
        (PARAMETERS, {"temperature": 0.7}),
        (ZERO.replace("True", "False"), {"temperature": 0.1}),
        (PROVIDER, {"top_k": 1}),
    ],
    ids=["temperature", "rounded", "provider"],
)
def test_parameters(emulated: Emulated, example: str, parameters: dict[str, Any]) -> None:
    """Parameters reach the container; temperature 0 becomes 0.1 unless it is allowed."""
    said(run(ENVIRONMENT + example))

    body = emulated.body(serving.JUMPSTART)
    assert body["inputs"] == "Hello, how are you?"
    assert parameters.items() <= body["parameters"].items()
    assert "aws_sagemaker_allow_zero_temp" not in emulated.only()["body"]


def test_zero_temperature(emulated: Emulated) -> None:
    """The example sends temperature 0 as 0; what this container thinks of it is its own error."""
    with pytest.raises(sagegate.ModelError, match="temperature") as caught:
        run(ENVIRONMENT + ZERO)

    assert caught.value.status == 422
    assert emulated.body(serving.JUMPSTART)["parameters"] == {"temperature": 0}


COMPONENT = """
response = completion(
            model="sagemaker_chat/<your-endpoint-name>",
            model_id="<your-model-name",
            messages=[{ "content": "Hello, how are you?","role": "user"}],
            temperature=0.2,
            max_tokens=80
        )
"""


def test_inference_component(emulated: Emulated) -> None:
    """`model_id` travels as the inference component's header, never in the body."""
    said(run(ENVIRONMENT + COMPONENT, "my-component"))

    entry = emulated.only("my-component")
    assert entry["headers"]["x-amzn-sagemaker-inference-component"] == "first"
    assert "model_id" not in entry["body"]


CREDENTIALS = """
import os
from litellm import completion

response = completion(
            model="sagemaker/jumpstart-dft-meta-textgeneration-llama-2-7b",
            messages=[{ "content": "Hello, how are you?","role": "user"}],
            aws_access_key_id="",
            aws_secret_access_key="",
            aws_region_name="",
)
"""


def test_credentials_as_parameters(emulated: Emulated, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys may be arguments: then the environment's say nothing, its session token least of all."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "ambient-token-of-somebody-else")
    monkeypatch.setenv("AWS_REGION_NAME", "")

    said(run(CREDENTIALS))

    entry = emulated.only(LLAMA)
    assert f"Credential={ACCESS_KEY}/" in entry["headers"]["authorization"]
    assert "x-amz-security-token" not in entry["headers"]


TEMPLATE = """
response = completion(
            model="sagemaker/jumpstart-dft-meta-textgeneration-llama-2-7b",
            messages=messages,
            temperature=0.2,
            max_tokens=80,
            hf_model_name="meta-llama/Llama-2-7b",
        )
"""


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("meta-llama/Llama-2-7b", "Hello"),
        ("meta-llama/Llama-2-7b-chat-hf", "<s>[INST] Hello [/INST]"),
    ],
)
def test_prompt_templates(emulated: Emulated, name: str, prompt: str) -> None:
    """`hf_model_name` chooses the layout; the page's own name is a base model, which has none."""
    example = ENVIRONMENT + TEMPLATE.replace("meta-llama/Llama-2-7b", name)
    said(run(example, messages=[{"role": "user", "content": "Hello"}]))

    assert emulated.body(LLAMA)["inputs"] == prompt


MESSAGES = """\
import os
import litellm
from litellm import completion

litellm.set_verbose = True # SEE RAW REQUEST

os.environ["AWS_ACCESS_KEY_ID"] = ""
os.environ["AWS_SECRET_ACCESS_KEY"] = ""
os.environ["AWS_REGION_NAME"] = ""

response = completion(
            model="sagemaker_chat/<your-endpoint-name>",
            messages=[{ "content": "Hello, how are you?","role": "user"}],
            temperature=0.2,
            max_tokens=80
        )
litellm.set_verbose = False
"""


def test_messages_api(emulated: Emulated, caplog: pytest.LogCaptureFixture) -> None:
    """The Messages API gets OpenAI's body; `set_verbose` shows the raw request, and no key."""
    said(run(MESSAGES, "my-chat"))

    body = emulated.only("my-chat")["body"]
    assert list(json.loads(body)) == ["messages", "model", "temperature", "max_tokens"]
    shown = [record.getMessage() for record in caplog.records if record.name == "sagegate.sdk"]
    assert any(text.startswith("request: POST ") and body in text for text in shown)
    assert any(text.startswith("answer: ") for text in shown)
    logged = caplog.text
    assert not any(secret in logged for secret in (ACCESS_KEY, SECRET_KEY, "Signature"))


TABLE = (
    "completion(model='sagemaker/<your-deployment-name>', messages=messages)",
    "completion(model='sagemaker/jumpstart-dft-meta-textgeneration-llama-2-7b', messages=messages)",
)


@pytest.mark.parametrize("call", TABLE)
def test_the_table_of_models(emulated: Emulated, call: str) -> None:
    """A function call of the page's table needs no more than the model and the messages."""
    example = f"{ENVIRONMENT}\nresponse = {call}\n"
    response = run(example, "my-text", messages=[{"role": "user", "content": "Hello"}])

    assert "Hello" in said(response)
    assert len(emulated.requests()) == 1


EMBEDDING = """\
import os
import litellm
from litellm import completion

os.environ["AWS_ACCESS_KEY_ID"] = ""
os.environ["AWS_SECRET_ACCESS_KEY"] = ""
os.environ["AWS_REGION_NAME"] = ""

response = litellm.embedding(model="sagemaker/<your-deployment-name>", input=["good morning from litellm", "this is another item"])
print(f"response: {response}")
"""  # noqa: E501 - the page's own line


def test_embeddings(emulated: Emulated, capsys: pytest.CaptureFixture[str]) -> None:
    """The last example: one vector for each text, in order."""
    response = run(EMBEDDING, "my-embeddings")

    assert response.object == "list"
    assert [item.index for item in response.data] == [0, 1]
    assert all(isinstance(number, float) for number in response.data[0].embedding)
    assert capsys.readouterr().out.startswith("response: {'object': 'list'")
    assert emulated.body()["inputs"] == ["good morning from sagegate", "this is another item"]
