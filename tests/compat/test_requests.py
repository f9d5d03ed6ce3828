"""What LiteLLM is known to get wrong: what is sent to the container."""

import json
from typing import Any

import pytest

from tests.compat import serving
from tests.compat.conftest import Validate
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of
from tests.live.test_container_bodies import signed_headers

pytestmark = pytest.mark.xdist_group("compat")
#: One model on each route, by the beginning of its name.
ROUTES = ("text", "chat", "embed")


def ask(gateway: Gateway, model: str, **more: Any) -> list[int]:
    """Asks a model whatever it serves, whole and streamed; the answers' statuses."""
    if model.startswith("embed"):
        answer = gateway.post("/v1/embeddings", {"model": model, "input": "x", **more})
        return [answer.status_code]
    return [gateway.chat(model, **more).status_code, gateway.stream(model, **more).status]


def test_01_zero_temperature_works(gateway: Gateway, emulated: Emulated) -> None:
    """With `aws_sagemaker_allow_zero_temp` 0 reaches the container, without it 0.1.

    The flag is in no body, whoever sets it.
    """
    gateway.chat("text", temperature=0)
    gateway.chat("text-zero", temperature=0)
    gateway.chat("text", temperature=0, aws_sagemaker_allow_zero_temp=True)

    sent = [json.loads(each["body"])["parameters"] for each in emulated.requests()]
    assert sent == [{"temperature": 0.1}, {"temperature": 0}, {"temperature": 0}]


@pytest.mark.parametrize("route", ROUTES)
def test_02_a_base_url_is_in_no_body(gateway: Gateway, emulated: Emulated, route: str) -> None:
    """One `sagemaker_base_url` serves both operations and embeddings, and is in no body."""
    statuses = ask(gateway, f"{route}-base")

    assert set(statuses) == {200}
    assert emulated.operations(route) == ["invoke", "stream"][: len(statuses)]
    assert "http" not in "".join(each["body"] for each in emulated.requests())


@pytest.mark.parametrize("route", ROUTES)
def test_03_extra_headers_and_bodies(gateway: Gateway, emulated: Emulated, route: str) -> None:
    """`extra_body` is merged, not nested; configured headers arrive together on every route."""
    ask(gateway, f"{route}-headers", extra_body={"min_p": 0.5})

    for entry in emulated.requests(route):
        body = json.loads(entry["body"])
        assert body.get("parameters", body)["min_p"] == 0.5
        assert "extra_body" not in entry["body"]
        assert entry["headers"]["x-amzn-sagemaker-inference-id"] == "call-7"
        assert entry["headers"]["x-amzn-sagemaker-custom-attributes"] == "trace=1"


@pytest.mark.parametrize("model", ["text-extra", "chat-extra"])
def test_03_a_request_s_extra_body_wins(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """A configured `extra_body` is a default: the request's is merged over it."""
    gateway.chat(model)
    gateway.chat(model, extra_body={"top_k": 9})

    bodies = [json.loads(each["body"]) for each in emulated.requests()]
    assert [body.get("parameters", body)["top_k"] for body in bodies] == [7, 9]


@pytest.mark.parametrize("route", ROUTES)
def test_04_timeouts_are_honoured(gateway: Gateway, emulated: Emulated, route: str) -> None:
    """`timeout` and `stream_timeout` end a call on every route and in every mode."""
    emulated.fault(route, "slow_first_byte", seconds=30)

    statuses = ask(gateway, f"{route}-hurried")

    assert set(statuses) == {408}
    assert emulated.counts(open=0, cut=len(statuses))["cut"] == len(statuses)


@pytest.mark.parametrize("route", ROUTES)
def test_05_the_component_is_signed(gateway: Gateway, emulated: Emulated, route: str) -> None:
    """The inference component's header is under the signature on every route, and in no body."""
    assert set(ask(gateway, f"{route}-component")) == {200}

    for entry in emulated.requests():
        assert entry["component"] == "first"
        assert "x-amzn-sagemaker-inference-component" in signed_headers(entry)
        assert "first" not in entry["body"]


@pytest.mark.parametrize("route", ROUTES)
def test_06_headers_towards_sagemaker_are_settings(
    gateway: Gateway, emulated: Emulated, route: str
) -> None:
    """Custom attributes, variant, session and the other ids are settings, signed everywhere."""
    assert set(ask(gateway, f"{route}-headers")) == {200}

    for entry in emulated.requests():
        for name in serving.HEADERS:
            assert f"x-amzn-sagemaker-{name}" in signed_headers(entry)


def test_07_no_tokens_becomes_one(gateway: Gateway, emulated: Emulated) -> None:
    """`max_completion_tokens: 0` is clamped like `max_tokens: 0`: containers refuse 0."""
    gateway.chat("text", max_completion_tokens=0)
    gateway.chat("text", max_tokens=0)

    sent = [json.loads(each["body"])["parameters"] for each in emulated.requests()]
    assert sent == [{"max_new_tokens": 1}] * 2


@pytest.mark.parametrize("model", ["text", "text-tgi", "lmi", "static", "chat", "openai"])
def test_08_n_2_gives_two_choices(gateway: Gateway, model: str) -> None:
    """`n: 2` gives two choices, whole and streamed, whatever the container gives for a call."""
    whole = gateway.chat(model, n=2).json()
    stream = gateway.stream(model, n=2)

    assert [choice["index"] for choice in whole["choices"]] == [0, 1]
    assert [stream.finishes(index) for index in (0, 1)] == [["stop"], ["stop"]]


@pytest.mark.parametrize("model", ["text", "llama-f", "template", *serving.BASE_MODELS])
def test_09_any_content_gives_a_prompt(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """List content, and `content: null` in a history of tool calls, give a prompt, never a 500."""
    call = {"id": "1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "found"},
    ]

    assert gateway.chat(model, messages=messages).status_code == 200

    inputs = emulated.body()["inputs"]
    assert isinstance(inputs, str)
    assert "Hello" in inputs
    assert "found" in inputs


@pytest.mark.parametrize("model", serving.BASE_MODELS)
def test_10_a_base_model_never_gets_null(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """Names of base models, which have no chat layout, give a text for `inputs`, never null."""
    assert gateway.chat(model).status_code == 200

    assert emulated.body()["inputs"] == "Where is Köln?"


def test_11_llama_2_f_is_a_chat_model(gateway: Gateway, emulated: Emulated) -> None:
    """A Llama-2 endpoint named `...-f` gets the chat layout without further settings."""
    gateway.chat("llama-f", messages=[{"role": "system", "content": "Be brief."}, *HELLO])

    assert emulated.body()["inputs"] == (
        "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nWhere is Köln? [/INST]"
    )


def test_12_messages_are_never_joined_with_a_space(gateway: Gateway, emulated: Emulated) -> None:
    """Without a template messages are joined with newlines, and the start says for which models."""
    gateway.chat("text", messages=[{"role": "system", "content": "Be brief."}, *HELLO])

    assert emulated.body()["inputs"] == "Be brief.\nWhere is Köln?"
    line = gateway.process.wait_for_line("no prompt template is known")
    assert "text" in line


@pytest.mark.parametrize("model", ["text", "llama-f", "template"])
def test_13_completions_send_the_prompt_untouched(
    gateway: Gateway, emulated: Emulated, model: str
) -> None:
    """/completions has no template; an array of prompts gives one choice for each, in order."""
    prompts = [" one\n", "{{ two }}"]
    answer = gateway.complete(model, prompts).json()

    sent = sorted(json.loads(each["body"])["inputs"] for each in emulated.requests())
    assert sent == sorted(prompts)
    for choice, prompt in zip(answer["choices"], prompts, strict=True):
        assert prompt in choice["text"]


def test_14_template_errors_are_400(gateway: Gateway, emulated: Emulated) -> None:
    """What a template refuses is a 400 with its words, and nothing is sent."""
    answer = gateway.chat("template-refuses")

    assert answer.status_code == 400
    assert "conversation roles must alternate" in error_of(answer)["message"]
    assert emulated.requests() == []


def test_14_jinja_s_white_space_is_that_of_transformers(
    gateway: Gateway, emulated: Emulated
) -> None:
    """Lines that hold only a template's marks leave nothing, as `transformers` renders them."""
    gateway.chat("template", messages=[{"role": "user", "content": "one"}, *HELLO])

    assert emulated.body()["inputs"] == "one\nWhere is Köln?\n"


@pytest.mark.parametrize("name", ["../other", "a b", "x" * 64, "é", "a/b?c=d", "-a"])
def test_15_endpoint_names_are_checked(validate: Validate, name: str) -> None:
    """What is no endpoint name stops the start, so that no path can be made of it."""
    entry = {"model_name": "m", "litellm_params": {"model": f"sagemaker/{name}"}}

    code, said = validate(json.dumps({"model_list": [entry]}))

    assert code == 1
    assert "model_list[0].litellm_params.model" in said


@pytest.mark.parametrize("model", ["text", "text-tgi", "lmi", "static", "chat", "nova", "openai"])
def test_16_user_never_breaks_a_call(gateway: Gateway, model: str) -> None:
    """`user` is accepted by every dialect, in chat and in completions."""
    assert gateway.chat(model, user="me").status_code == 200
    assert gateway.complete(model, "Hi", user="me").status_code == 200
    assert gateway.post("/v1/embeddings", {"model": "embed", "input": "x", "user": "me"}).is_success
