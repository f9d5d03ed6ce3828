"""What LiteLLM is known to get wrong: identities, keys, and the proxy itself."""

import json
import socket

import pytest

from tests.compat import serving
from tests.compat.conftest import Validate
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, error_of
from tests.live.leaks import ACCESS_KEY, REGION

pytestmark = pytest.mark.xdist_group("compat")
CHAT = "/v1/chat/completions"


def call_everything(gateway: Gateway) -> None:
    """A call on every route, in every mode."""
    for model in ("text", "chat"):
        assert gateway.chat(model).status_code == 200
        assert gateway.stream(model).done
    assert gateway.post("/v1/embeddings", {"model": "embed", "input": "x"}).status_code == 200


def test_44_explicit_keys_are_alone(ambient: Gateway, emulated: Emulated) -> None:
    """Keys of the file never pick up the session token that lies in the environment."""
    call_everything(ambient)

    for entry in emulated.requests():
        assert "x-amz-security-token" not in entry["headers"]


def test_45_bedrock_s_token_signs_nothing(ambient: Gateway, emulated: Emulated) -> None:
    """`AWS_BEARER_TOKEN_BEDROCK` never replaces the signature."""
    call_everything(ambient)

    for entry in emulated.requests():
        assert entry["headers"]["authorization"].startswith(
            f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/"
        )


def test_46_one_region_order(ambient: Gateway, emulated: Emulated) -> None:
    """`AWS_DEFAULT_REGION` holds on every route where the file names no region; the file wins."""
    call_everything(ambient)
    everywhere = {entry["headers"]["authorization"].split("/")[2] for entry in emulated.requests()}
    emulated.forget()
    ambient.chat("chat-region")

    assert everywhere == {serving.OTHER_REGION}
    assert f"/{REGION}/sagemaker/" in emulated.only()["headers"]["authorization"]


@pytest.mark.parametrize(
    "field", ["aws_access_key_id", "aws_region_name", "sagemaker_base_url", "api_base", "base_url"]
)
@pytest.mark.parametrize("path", [CHAT, "/v1/completions", "/v1/embeddings", "/rerank"])
def test_47_clients_choose_no_identity(
    gateway: Gateway, emulated: Emulated, field: str, path: str
) -> None:
    """`aws_*` and URLs from a client are a 400 in OpenAI's shape, on every route."""
    body = {"messages": HELLO, "prompt": "x", "input": "x", "query": "x", "documents": ["x"]}
    model = {"/v1/embeddings": "embed", "/rerank": "ranks"}.get(path, "text")

    answer = gateway.post(path, {"model": model, **body, field: "http://127.0.0.1:9"})

    assert (answer.status_code, error_of(answer)["param"]) == (400, field)
    assert emulated.requests() == []


@pytest.mark.parametrize("key", ["Bearer sk-wrong", "Bearer", "Basic x"])
def test_48_a_wrong_key_is_401(ambient: Gateway, emulated: Emulated, key: str) -> None:
    """Without a database a wrong key is a 401, not a 400 about the database."""
    answer = ambient.post(CHAT, {"model": "chat", "messages": HELLO}, {"authorization": key})

    assert answer.status_code == 401
    assert error_of(answer)["type"] == "auth_error"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert emulated.requests() == []


def test_49_keys_can_t_be_made(ambient: Gateway) -> None:
    """`/key/generate` without a database is a clear 4xx in OpenAI's shape."""
    answer = ambient.post("/key/generate", {"models": ["chat"]})

    assert 400 <= answer.status_code < 500
    assert error_of(answer)["type"] == "invalid_request_error"


@pytest.mark.parametrize("path", [CHAT, "/v1/completions", "/v1/embeddings", "/rerank"])
def test_50_an_unknown_model_is_404(gateway: Gateway, path: str) -> None:
    """It is a 404 `model_not_found` on every route."""
    body = {"messages": HELLO, "prompt": "x", "input": "x", "query": "x", "documents": ["x"]}

    answer = gateway.post(path, {"model": "gpt-4o", **body})

    assert (answer.status_code, error_of(answer)["code"]) == (404, "model_not_found")


ENTRY = {"model_name": "m", "litellm_params": {"model": "sagemaker_chat/e"}}


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"model_lists": [ENTRY]}, "model_list"),
        ({"model_list": [{**ENTRY, "modelinfo": {}}]}, "model_info"),
        ({"model_list": [ENTRY], "general_settings": {"max_size": 1}}, "max_size"),
        ({"model_list": [ENTRY], "master_key": "sk-somebody-s-own-key"}, "general_settings"),
    ],
    ids=str,
)
def test_51_unknown_keys_are_named(
    validate: Validate, configuration: dict[str, object], said: str
) -> None:
    """A key that nobody knows stops the start, at every level; a misplaced lock gets a hint."""
    code, text = validate(json.dumps(configuration))

    assert code == 1
    assert said in text
    assert "somebody" not in text


@pytest.mark.parametrize("name", ["aws_access_key_id", "aws_session_token"])
def test_52_an_unset_variable_stops_the_start(validate: Validate, name: str) -> None:
    """`os.environ/NAME` without a NAME never falls through to the environment's own keys."""
    keys = {"aws_access_key_id": "AKIDFILE", "aws_secret_access_key": "s"}
    params = {"model": "sagemaker_chat/e", **keys, name: "os.environ/NOBODY_SET_THIS"}
    entry = {"model_name": "m", "litellm_params": params}

    code, text = validate(json.dumps({"model_list": [entry]}))

    assert code == 1
    assert "NOBODY_SET_THIS" in text
    assert name in text


@pytest.mark.parametrize(
    "path", ["/health", "/health/liveness", "/health/liveliness", "/health/readiness"]
)
def test_53_health_calls_no_endpoint(gateway: Gateway, emulated: Emulated, path: str) -> None:
    """Asking for health wakes and bills nothing."""
    assert gateway.http.get(path).status_code < 500

    assert emulated.requests() == []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_54_a_timeout_is_final(gateway: Gateway, emulated: Emulated, stream: bool) -> None:
    """When a deployment's time is over the answer is a `timeout_error`, and nothing is retried."""
    emulated.fault("chat", "slow_first_byte", seconds=30)

    answer = gateway.post(CHAT, {"model": "chat-hurried", "messages": HELLO, "stream": stream})

    assert (answer.status_code, error_of(answer)["type"]) == (408, "timeout_error")
    assert emulated.counts(open=0, cut=1)["cut"] == 1
    assert len(emulated.requests()) == 1


@pytest.mark.parametrize("model", ["hub", "hub-family", "chat-hub", "text"])
def test_57_no_model_hub_is_called(ambient: Gateway, hub: socket.socket, model: str) -> None:
    """Names of models, known or not, are looked up nowhere: no hub and no proxy is asked."""
    assert ambient.chat(model).status_code == 200
    assert ambient.stream(model).done

    with pytest.raises(BlockingIOError):
        hub.accept()
