"""OpenAI's parameters on every dialect: the table of `docs/formats.md`, cell by cell.

Each cell is what the container's body must hold, or a 400 that says what helps.
"""

import json
from typing import Any, Final

import pytest

from tests.live.dialects.containers import DIALECTS, Dialect
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, Json, error_of

pytestmark = pytest.mark.xdist_group("dialects")

#: A 400, and nothing is sent.
REFUSED: Final = None
AS_IS: Final = "as is"
NOTHING: Final[Json] = {}

#: The columns, each with the model that it is tried on.
COLUMNS: Final = {
    "nothing": "tgi-unset",
    "tgi": "tgi",
    "lmi": "lmi-json",
    "lmi_static": "lmi-static",
    "llama2": "llama-2-7b-f",
    "chat": "chat-vllm",
    "nova": "nova",
    "openai": "openai-vllm",
}
#: What a format asks for by itself.
ALWAYS: Final[dict[str, Json]] = {
    "tgi": {"details": True, "return_full_text": False},
    "lmi": {"details": True},
}
TEXT: Final = ("nothing", "tgi", "lmi", "lmi_static", "llama2")

SCHEMA: Final = {"type": "object", "properties": {"city": {"type": "string"}}}
JSON_SCHEMA: Final = {"type": "json_schema", "json_schema": {"name": "c", "schema": SCHEMA}}
TOOLS: Final = [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}]
FORCED: Final = {"type": "function", "function": {"name": "f"}}


def text(cell: Any, **others: Any) -> dict[str, Any]:
    """A row: the same for all text containers but the others; as it is for chat."""
    return {**dict.fromkeys(TEXT, cell), "chat": AS_IS, "nova": AS_IS, **others}


STOPS: Final = {"stop_sequences": ["x", "y"]}
#: What is asked, and what becomes of it in each column.
ROWS: Final[list[tuple[Json, dict[str, Any]]]] = [
    ({"max_tokens": 7}, text({"max_new_tokens": 7})),
    ({"max_completion_tokens": 7}, text({"max_new_tokens": 7})),
    ({"max_tokens": 5, "max_completion_tokens": 6}, text({"max_new_tokens": 6})),
    ({"max_completion_tokens": 0}, text({"max_new_tokens": 1})),
    ({"temperature": 0.7}, text({"temperature": 0.7})),
    ({"temperature": 0}, text({"temperature": 0.1})),
    ({"top_p": 0.5}, text({"top_p": 0.5})),
    (
        {"top_k": 4, "repetition_penalty": 1.1},
        text({"top_k": 4, "repetition_penalty": 1.1}, nova=AS_IS),
    ),
    (
        {"stop": ["x", "y"]},
        text({"stop": ["x", "y"]}, lmi=STOPS, lmi_static=STOPS, llama2=NOTHING, nova=REFUSED),
    ),
    ({"n": 2}, text(NOTHING, nova=REFUSED)),
    ({"seed": 7}, text({"seed": 7}, llama2=REFUSED, nova=REFUSED)),
    (
        {"frequency_penalty": 0.5},
        text({"frequency_penalty": 0.5}, llama2=REFUSED, nova=REFUSED),
    ),
    (
        {"presence_penalty": 0.5},
        text(
            REFUSED,
            lmi={"presence_penalty": 0.5},
            lmi_static={"presence_penalty": 0.5},
            nova=REFUSED,
        ),
    ),
    (
        {"logprobs": True, "top_logprobs": 2},
        text(REFUSED, tgi={"top_n_tokens": 2}, lmi={"logprobs": 2}),
    ),
    ({"logprobs": True}, text(REFUSED, tgi=NOTHING, lmi={"logprobs": 1})),
    (
        {"response_format": JSON_SCHEMA},
        text(REFUSED, tgi={"grammar": {"type": "json", "value": SCHEMA}}, nova=REFUSED),
    ),
    ({"tools": TOOLS}, text(REFUSED, nova=REFUSED)),
    ({"tools": TOOLS, "tool_choice": FORCED}, text(REFUSED, nova=REFUSED)),
    ({"logit_bias": {"5": 1}}, text(REFUSED, nova=REFUSED)),
    ({"user": "me", "store": True}, text(NOTHING, nova=NOTHING)),
    ({"n": 1, "logit_bias": {}}, text(NOTHING, nova=NOTHING)),
    ({"tools": [], "logprobs": False}, text(NOTHING, nova={"logprobs": False})),
    ({"extra_body": {"top_k": 4}}, text({"top_k": 4}, chat={"top_k": 4}, nova={"top_k": 4})),
]
CELLS = [
    # A container with OpenAI's own bodies gets what a chat container gets.
    pytest.param(
        column, sent, row.get(column, row["chat"]), id=f"{column}-{'-'.join(sent)}-{number}"
    )
    for number, (sent, row) in enumerate(ROWS)
    for column in COLUMNS
]


@pytest.mark.parametrize(("column", "sent", "cell"), CELLS)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_cell(
    gateway: Gateway, emulated: Emulated, column: str, sent: Json, cell: Any, stream: bool
) -> None:
    """A parameter reaches the container in its own words, or is a 400 that names it and a remedy.

    Nothing else is in the body.
    """
    body = {"model": COLUMNS[column], "messages": HELLO, "stream": stream, **sent}
    answer = gateway.post("/v1/chat/completions", body)

    if cell is REFUSED:
        error = error_of(answer)
        assert answer.status_code == 400
        assert error["type"] == "invalid_request_error"
        assert error["param"] in sent
        assert f"'{error['param']}'" in error["message"]
        assert "drop_params: true" in error["message"]
        assert emulated.requests() == []
        return
    arrived = json.loads(emulated.requests()[0]["body"])
    wanted = sent if cell == AS_IS else cell
    if column in TEXT:
        assert set(arrived) - {"stream", "stream_options"} == {"inputs", "parameters"}
        assert arrived["parameters"] == {**ALWAYS.get(column, {}), **wanted}
    else:
        beside = {"messages", "model", "stream", "stream_options"}
        assert {name: arrived[name] for name in arrived if name not in beside} == wanted
        assert ("model" in arrived) is (column != "nova")
        assert next(iter(arrived)) == "messages"


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize(
    "options", [None, {"include_usage": False}, {"include_usage": True}], ids=str
)
def test_usage_is_asked_of_containers_that_can_tell_it(
    gateway: Gateway, emulated: Emulated, column: str, options: Json | None
) -> None:
    """Chat containers are always asked, and containers that nobody knows; the others don't know it.

    The client gets what it asked for.
    """
    sent = {} if options is None else {"stream_options": options}
    stream = gateway.stream(COLUMNS[column], **sent)

    arrived = json.loads(emulated.requests()[0]["body"]).get("stream_options")
    knows_none = column in TEXT and column != "nothing"
    assert arrived == (None if knows_none else {"include_usage": True})
    wanted = options == {"include_usage": True}
    assert any(chunk.get("usage") for chunk in stream.chunks) is wanted


@pytest.mark.parametrize(
    ("model", "sent", "remedy"),
    [
        ("tgi-unset", {"tools": TOOLS}, "sagemaker_chat/<endpoint>"),
        ("tgi", {"tools": TOOLS}, "sagemaker_chat/<endpoint>"),
        ("lmi-static", {"tool_choice": "required"}, "sagemaker_chat/<endpoint>"),
        ("tgi-unset", {"logprobs": True}, "format: lmi"),
        ("llama-2-7b", {"top_logprobs": 2}, "format: tgi"),
        ("tgi-unset", {"response_format": JSON_SCHEMA}, "format: tgi"),
        ("tgi-unset", {"response_format": JSON_SCHEMA}, "sagemaker_chat/<endpoint>"),
        ("lmi-json", {"response_format": JSON_SCHEMA}, "sagemaker_chat/<endpoint>"),
        ("lmi-json", {"tools": TOOLS}, "sagemaker_chat/<endpoint>"),
        ("nova", {"seed": 1}, "allowed_openai_params"),
    ],
)
def test_a_refusal_names_the_setting_that_helps(
    gateway: Gateway, model: str, sent: Json, remedy: str
) -> None:
    """A 400 says which setting makes it work, where one does, and none that does not."""
    message = error_of(gateway.chat(model, **sent))["message"]
    assert remedy in message
    if model == "lmi-json":
        assert "format:" not in message


def test_a_container_without_tool_calls_says_how_to_switch_them_on(gateway: Gateway) -> None:
    """What vLLM says of its missing options reaches the client, as a 400."""
    answer = gateway.chat("no-tools", tools=TOOLS)

    assert answer.status_code == 400
    assert "--enable-auto-tool-choice" in error_of(answer)["message"]
    assert "--tool-call-parser" in error_of(answer)["message"]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_drop_params(gateway: Gateway, emulated: Emulated, dialect: Dialect, stream: bool) -> None:
    """`drop_params: true` drops what the container can't express, and answers.

    Containers that take everything get everything.
    """
    sent: Json = {"logit_bias": {"5": 1}, "tools": TOOLS}
    body = {"model": f"{dialect.name}-drop", "messages": HELLO, "stream": stream, **sent}

    answer = gateway.post("/v1/chat/completions", body)

    assert answer.status_code == 200, answer.text
    arrived = emulated.requests()[0]["body"]
    takes_all = dialect.column in {"chat", "openai", "raw"}
    assert [name in arrived for name in sent] == [takes_all, takes_all]


def test_one_parameter_may_be_forwarded(gateway: Gateway, emulated: Emulated) -> None:
    """`allowed_openai_params` forwards what it names as it is; the rest stays refused."""
    forwarded = gateway.chat("allowed", presence_penalty=0.5)
    refused = gateway.chat("allowed", presence_penalty=0.5, logprobs=True)

    assert forwarded.status_code == 200
    assert emulated.body()["parameters"] == {"presence_penalty": 0.5}
    assert (refused.status_code, error_of(refused)["param"]) == (400, "logprobs")


def test_some_parameters_are_always_dropped(gateway: Gateway, emulated: Emulated) -> None:
    """`additional_drop_params` removes what it names, known to OpenAI or not."""
    assert gateway.chat("dropped", temperature=1, top_k=5, top_p=0.5).status_code == 200

    assert emulated.body()["parameters"] == {"top_p": 0.5}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_temperature_zero(gateway: Gateway, emulated: Emulated, dialect: Dialect) -> None:
    """Text containers get 0.1 for 0 unless the setting lets 0 through; the others always 0.

    The setting itself is in no body.
    """
    gateway.chat(dialect.name, temperature=0)
    gateway.chat(f"{dialect.name}-zero", temperature=0)
    gateway.chat(dialect.name, temperature=0, aws_sagemaker_allow_zero_temp=True)

    bodies = [json.loads(entry["body"]) for entry in emulated.requests()]
    sent = [body.get("parameters", body)["temperature"] for body in bodies]
    assert sent == [0.1 if dialect.fans_out else 0, 0, 0]
    assert not any("allow_zero" in entry["body"] for entry in emulated.requests())


@pytest.mark.parametrize("model", ["tgi-unset", "tgi", "lmi-json", "lmi-static"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_each_choice_has_a_seed_of_its_own(
    gateway: Gateway, emulated: Emulated, model: str, stream: bool
) -> None:
    """Equal seeds would give equal texts: the second choice's seed is the next number."""
    body = {"model": model, "messages": HELLO, "n": 3, "seed": 7, "stream": stream}

    gateway.post("/v1/chat/completions", body)

    arrived = [json.loads(entry["body"]) for entry in emulated.requests()]
    assert sorted(each["parameters"]["seed"] for each in arrived) == [7, 8, 9]


@pytest.mark.parametrize(
    "model", ["tgi", "lmi-json", "lmi-tgi-compat", "chat-vllm", "chat-lmi-old", "nova"]
)
def test_log_probabilities(gateway: Gateway, model: str) -> None:
    """Containers with details tell each token's, whole and streamed; the tokens are the text.

    An end mark without a text, as LMI has one, is told of a whole answer only.
    """
    sent = {"logprobs": True, "top_logprobs": 2}
    choice = gateway.chat(model, **sent).json()["choices"][0]
    stream = gateway.stream(model, **sent)

    whole = choice["logprobs"]["content"]
    parts = [each for chunk in stream.chunks for each in chunk["choices"] if each.get("logprobs")]
    streamed = [entry for part in parts for entry in part["logprobs"]["content"]]
    assert "".join(entry["token"] for entry in whole) == choice["message"]["content"]
    assert [(each["token"], each["logprob"]) for each in streamed] == [
        (each["token"], each["logprob"]) for each in whole if each["token"]
    ]
    assert all(entry["logprob"] < 0 for entry in whole)
    if not model.startswith("lmi"):
        assert {len(entry["top_logprobs"]) for entry in whole + streamed} == {2}


def test_a_json_schema_is_a_grammar(gateway: Gateway) -> None:
    """`format: tgi` answers in the form that `response_format` asks for."""
    assert json.loads(gateway.text("tgi", response_format=JSON_SCHEMA)) == {"city": "text"}
