"""Replies that nobody announced: shapes, echoes, failures, licences, bodies of the client's own."""

import json
from typing import Any

import pytest

from tests.live.dialects.containers import DIALECTS, SHAPES, Dialect
from tests.live.emulated import Emulated
from tests.live.gateway import HELLO, Gateway, Json, error_of

pytestmark = pytest.mark.xdist_group("dialects")
PROMPT = "Tell me where the city of Köln is."
ASK = [{"role": "user", "content": PROMPT}]


@pytest.mark.parametrize("model", ["surprise", "surprise-whole"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_an_unknown_shape_names_its_keys(gateway: Gateway, model: str, stream: bool) -> None:
    """It is a 502 that names what was seen, never an empty answer, streaming or not."""
    body = {"model": model, "messages": HELLO, "stream": stream}
    chat = gateway.post("/v1/chat/completions", body)
    completion = gateway.complete(model, "x", stream=stream)

    for answer in (chat, completion):
        assert answer.status_code == 502
        assert error_of(answer)["type"] == "upstream_error"
        assert "[surprise]" in error_of(answer)["message"]


@pytest.mark.parametrize(
    ("model", "status"), [("lmi-fails", 502), ("lmi-fails-late", 502), ("lmi-static-fails", 424)]
)
def test_a_failed_generation_is_an_error(gateway: Gateway, model: str, status: int) -> None:
    """LMI says so inside an answer with status 200, or with a 424; it is never a `stop`."""
    answer = gateway.chat(model)

    assert answer.status_code == status
    assert error_of(answer)["message"]


@pytest.mark.parametrize(
    ("model", "records"), [("lmi-fails", 0), ("lmi-static-fails", 0), ("lmi-fails-late", 3)]
)
def test_a_stream_that_fails(gateway: Gateway, model: str, records: int) -> None:
    """Before the first token it has a status; later it is an SSE error without an end mark."""
    stream = gateway.stream(model)

    if records == 0:
        assert stream.status in {424, 502}
        return
    assert stream.status == 200
    assert len([delta for delta in stream.deltas() if delta.get("content")]) == records
    assert stream.error is not None
    assert stream.error["type"] == "upstream_error"
    assert "[DONE]" not in stream.events
    assert stream.finishes() == []


@pytest.mark.parametrize("model", ["echo-custom", "echo-tgi"])
def test_an_unasked_echo_is_removed(gateway: Gateway, emulated: Emulated, model: str) -> None:
    """A prompt at the start of a whole answer is removed once, in chat and in completions."""
    assert gateway.text(model, messages=ASK).startswith(" You said")
    assert gateway.stream(model, messages=ASK).text().startswith(" You said")
    completion = gateway.complete(model, PROMPT).json()["choices"][0]["text"]
    assert completion.startswith(" You said")
    assert "return_full_text" not in "".join(entry["body"] for entry in emulated.requests())


@pytest.mark.parametrize("model", ["echo-custom", "echo-tgi", "tgi-unset", "tgi", "lmi-json"])
def test_a_wanted_echo_is_kept(gateway: Gateway, model: str) -> None:
    """`return_full_text: true` keeps the prompt, and so does a completion's `echo`, once."""
    full = gateway.text(model, messages=ASK, return_full_text=True)
    echo = gateway.complete(model, PROMPT, echo=True).json()["choices"][0]["text"]

    assert full.startswith(PROMPT + " You said")
    assert echo.startswith(PROMPT + " You said")


@pytest.mark.parametrize("model", ["chat-lmi-old", "chat-tgi-2"])
def test_a_container_s_own_word_for_the_end_is_openais(gateway: Gateway, model: str) -> None:
    """A word that containers are known to say becomes `stop`, and leaves nothing beside it."""
    choices = [chunk["choices"][0] for chunk in gateway.stream(model).chunks]
    if model == "chat-lmi-old":
        choices += gateway.chat(model).json()["choices"]

    ends = [choice for choice in choices if choice["finish_reason"]]
    assert {end["finish_reason"] for end in ends} == {"stop"}
    assert not any("container_finish_reason" in end for end in ends)


def test_a_short_prompt_may_begin_an_answer(gateway: Gateway) -> None:
    """A prompt of less than 16 characters at an answer's start is not taken for an echo."""
    ask = [{"role": "user", "content": "x" * 15}]
    longer = [{"role": "user", "content": "x" * 16}]

    assert gateway.text("echo-custom", messages=ask).startswith("x" * 15 + " You said")
    assert gateway.text("echo-custom", messages=longer).startswith(" You said")


@pytest.mark.parametrize("prompt", ["Hi", PROMPT])
@pytest.mark.parametrize(
    ("model", "opening"), [("echo-known", ""), ("echo-told", ""), ("echo-denied", "{}")]
)
def test_where_an_echo_is_known_nothing_is_guessed(
    gateway: Gateway, model: str, opening: str, prompt: str
) -> None:
    """`echoes_prompt` decides whatever the prompt's length; `format: tgi` asks for no echo.

    A completion's `echo` is there once all the same.
    """
    ask = [{"role": "user", "content": prompt}]
    expected = opening.format(prompt) + " You said"

    assert gateway.text(model, messages=ask).startswith(expected)
    assert gateway.stream(model, messages=ask).text().startswith(expected)
    assert gateway.complete(model, prompt).json()["choices"][0]["text"].startswith(expected)
    echo = gateway.complete(model, prompt, echo=True).json()["choices"][0]["text"]
    assert echo.startswith(prompt + expected)


#: What is shown of each shape: of whole answers, and of streams where there is more to see.
SEEN: dict[str, set[str]] = {
    "custom-generated-text": {"[].generated_text"},
    "custom-object": {"generated_text"},
    "custom-nested": {"[][].generated_text"},
    "custom-generated-texts": {"generated_texts[]"},
    "custom-outputs": {"outputs[]"},
    "custom-generation": {"generation"},
    "custom-text": {"text"},
    "custom-choices": {"choices[].message", "choices[].delta"},
    "custom-text-choices": {"choices[].text"},
    "tgi-unset": {"[].generated_text", "token"},
    "lmi-json": {"generated_text", "token"},
    "lmi-tgi-compat": {"[].generated_text", "token"},
    "lmi-static": {"[].generated_text", "outputs[]"},
    "llama-2-7b-f": {"[].generation"},
    "llama-2-13b-f": {"[].generation", "generation"},
}


def test_every_shape_has_its_name() -> None:
    """No shape of the emulator's is left out here."""
    assert {f"custom-{shape.replace('_', '-')}" for shape in SHAPES} <= SEEN.keys()


@pytest.mark.parametrize("path", ["/model/info", "/v1/model/info", "/v2/model/info"])
def test_model_info_shows_the_shapes_seen(gateway: Gateway, path: str) -> None:
    """`/model/info` shows what each deployment has answered, whole and streamed."""
    for name in SEEN:
        gateway.text(name)
        gateway.stream(name)

    cards = gateway.http.get(path).json()["data"]

    shown = {card["model_name"]: card["model_info"].get("reply_shapes") for card in cards}
    assert {name: set(shown[name]) for name in SEEN} == SEEN
    assert shown["llama-no-licence"] is None


VECTORS: dict[str, str] = {
    "shape-rows": "[][]",
    "shape-tokens": "[][][]",
    "shape-layered": "[][][][]",
    "shape-embeddings": "embeddings[][]",
    "shape-data": "data[].embedding",
    "shape-objects": "[].embedding",
    "flat-rows": "[]",
    "cohere": "[][]",
    "openai": "data[].embedding",
    "raw-vectors": "data[].embedding",
}
SCORES: dict[str, str] = {"ranks": "[].score", "ranks-raw": "[].score"}


def test_model_info_shows_the_shapes_of_vectors_and_scores(gateway: Gateway) -> None:
    """What embedding containers and rerankers have answered is shown as texts' shapes are."""
    for name in VECTORS:
        answer = gateway.post("/v1/embeddings", {"model": name, "input": "one"})
        assert answer.status_code == 200, (name, answer.text)
    for name in SCORES:
        body = {"model": name, "query": "q", "documents": ["a"], "texts": ["a"]}
        assert gateway.post("/v1/rerank", body).status_code == 200

    cards = gateway.http.get("/model/info").json()["data"]

    shown = {card["model_name"]: card["model_info"].get("reply_shapes") for card in cards}
    expected = {name: [shape] for name, shape in (VECTORS | SCORES).items()}
    assert {name: shown[name] for name in expected} == expected


def test_model_info_names_every_format(gateway: Gateway) -> None:
    """Each deployment is shown with its format and address, and nothing that is secret."""
    cards = gateway.http.get("/v1/model/info").json()["data"]

    infos = {card["model_name"]: card for card in cards}
    assert infos["tgi-unset"]["model_info"]["format"] == "huggingface"
    assert infos["lmi-static"]["model_info"]["format"] == "lmi_static"
    assert infos["nova"]["litellm_params"]["model"] == "sagemaker_nova/nova"
    assert infos["openai-vllm"]["model_info"]["format"] == "openai"
    assert "aws_secret" not in json.dumps(cards)


def test_a_shape_is_logged_once(gateway: Gateway) -> None:
    """The log names a deployment's new shape, and says it once."""
    ids = {gateway.chat("custom-nested").headers["x-litellm-model-id"] for _ in range(3)}

    mark = next(iter(ids))
    gateway.process.wait_for_line("endpoint.reply_shape_seen", mark, "[][].generated_text")
    lines = gateway.process.err.splitlines()
    said = [line for line in lines if "endpoint.reply_shape_seen" in line and mark in line]
    assert len(ids) == len(said) == 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_licence_is_accepted_by_setting_only(
    gateway: Gateway, emulated: Emulated, stream: bool
) -> None:
    """Without `custom_attributes` its own refusal arrives; with it the header is sent."""
    body = {"messages": HELLO, "stream": stream}
    refused = gateway.post("/v1/chat/completions", {"model": "llama-no-licence", **body})
    first = emulated.requests()[0]["headers"]
    emulated.forget()
    taken = gateway.post("/v1/chat/completions", {"model": "llama-2-7b-f", **body})

    assert refused.status_code >= 400
    assert "accept_eula=true" in error_of(refused)["message"]
    assert "x-amzn-sagemaker-custom-attributes" not in first
    assert taken.status_code == 200
    for entry in emulated.requests():
        assert entry["headers"]["x-amzn-sagemaker-custom-attributes"] == "accept_eula=true"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("model", "setting"),
    [
        ("llama-no-licence", "custom_attributes: accept_eula=true"),
        ("llama-no-format", "custom_attributes: accept_eula=true"),
        ("llama-no-format-eula", "format: llama2"),
    ],
)
def test_a_known_complaint_names_the_setting(
    gateway: Gateway, model: str, setting: str, stream: bool
) -> None:
    """JumpStart's own words reach the client, and behind them what the operator can set."""
    answer = gateway.post(
        "/v1/chat/completions", {"model": model, "messages": HELLO, "stream": stream}
    )

    assert answer.status_code == 424
    assert "'" + setting + "'" in error_of(answer)["message"]
    assert "prediction failure" in error_of(answer)["message"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_chat_model_of_llama_2_completes_nothing(
    gateway: Gateway, emulated: Emulated, stream: bool
) -> None:
    """It takes dialogs only: a prompt is a 400 of ours that says what works; base models do."""
    answer = gateway.complete("llama-2-7b-f", "Once", stream=stream)

    assert answer.status_code == 400
    assert error_of(answer)["code"] == "unsupported_task"
    assert "/chat/completions" in error_of(answer)["message"]
    assert emulated.requests() == []
    assert gateway.complete("llama-2-7b", "Once", stream=stream).status_code == 200


def test_dialogs_of_chat_models(gateway: Gateway, emulated: Emulated) -> None:
    """Llama-2 chat models get dialogs, base models text, and so does one with its own template."""
    conversation: list[Json] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "user", "content": [{"type": "text", "text": "again"}]},
    ]
    for model in ("llama-2-7b-f", "llama-2-7b", "llama-text"):
        assert gateway.chat(model, messages=conversation).status_code == 200

    dialog, base, own = (json.loads(entry["body"])["inputs"] for entry in emulated.requests())
    assert dialog == [
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello\n\nagain"}]
    ]
    assert base == "Be brief.\nHello\nagain"
    assert own.endswith("Answer:")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_raw_sends_the_body_as_given(gateway: Gateway, emulated: Emulated, stream: bool) -> None:
    """`format: raw` leaves out the model's name, and nothing else; one request is one call."""
    given: Json = {"inputs": "Hi", "parameters": {"top_k": 3}, "weird": [1, {"a": None}]}
    body = {"model": "raw-inputs", "messages": HELLO, "n": 2, "stream": stream, **given}

    answer = gateway.post("/v1/chat/completions", body)

    assert answer.status_code == 200, answer.text
    sent = emulated.body()
    assert {name: sent[name] for name in given} == given
    assert sent["messages"] == HELLO
    assert sent["n"] == 2
    assert "model" not in sent
    assert sent.get("stream", False) is stream


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_several_texts_are_several_choices(gateway: Gateway, stream: bool) -> None:
    """A container that answers more than one text gives more than one choice."""
    given = {"inputs": ["first", "second"], "messages": HELLO}

    if stream:
        told = gateway.stream("raw-static", **given)
        texts = [told.text(index) for index in (0, 1)]
    else:
        choices = gateway.chat("raw-static", **given).json()["choices"]
        texts = [choice["message"]["content"] for choice in choices]

    assert len(texts) == 2
    assert "first" in texts[0]
    assert "second" in texts[1]


def test_raw_completions(gateway: Gateway, emulated: Emulated) -> None:
    """A raw completion's body arrives as given, too."""
    answer = gateway.complete("raw-prompt", "Where?", min_p=0.5)

    assert "Where?" in answer.json()["choices"][0]["text"]
    assert emulated.body() == {"prompt": "Where?", "min_p": 0.5}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_nothing_of_the_gateway_s_own_is_in_a_body(
    gateway: Gateway, emulated: Emulated, dialect: Dialect
) -> None:
    """Bookkeeping of LiteLLM's and of the gateway's stays outside, whatever the dialect."""
    own: dict[str, Any] = {
        "metadata": {"a": "b"},
        "timeout": 9,
        "num_retries": 1,
        "tags": ["x"],
        "cache": {"no-cache": True},
        "fallbacks": [dialect.name],
    }

    assert gateway.chat(dialect.name, **own).status_code == 200

    for entry in emulated.requests():
        assert not own.keys() & json.loads(entry["body"]).keys()
        assert not own.keys() & json.loads(entry["body"]).get("parameters", {}).keys()
        assert "litellm" not in json.dumps(entry["headers"])


def test_reasoning_is_offered_under_both_names(gateway: Gateway) -> None:
    """A container that says `reasoning` answers `reasoning_content` as well, whole and streamed."""
    ask = [{"role": "user", "content": "Think first."}]

    message = gateway.chat("reasons", messages=ask).json()["choices"][0]["message"]
    deltas = gateway.stream("reasons", messages=ask).deltas()

    assert message["reasoning_content"] == message["reasoning"] != ""
    said = "".join(delta.get("reasoning_content") or "" for delta in deltas)
    assert said == message["reasoning"]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_raw_needs_nothing_of_openais(
    gateway: Gateway, emulated: Emulated, path: str, stream: bool
) -> None:
    """`format: raw` takes a body without `messages` or `prompt`, whatever OpenAI's names hold."""
    given: Json = {"inputs": "Where is Köln?", "parameters": {"top_k": 3}, "stop": {"own": 1}}

    answer = gateway.post(path, {"model": "raw-inputs", "stream": stream, **given})

    assert answer.status_code == 200, answer.text
    assert "Köln" in answer.text
    sent = emulated.body()
    assert sent.pop("stream", False) is stream
    assert sent == given
    if not stream:
        assert answer.json()["usage"]["prompt_tokens"] == 4  # a quarter of the words' bytes


def test_other_formats_need_openais(gateway: Gateway, emulated: Emulated) -> None:
    """Where the gateway writes the body, `messages` and `prompt` must be there, of their types."""
    for path, name in (("chat/completions", "messages"), ("completions", "prompt")):
        for given, code in (({}, "missing_required_parameter"), ({name: 3}, "invalid_type")):
            answer = gateway.post(f"/v1/{path}", {"model": "tgi-unset", "inputs": "x", **given})
            assert (answer.status_code, error_of(answer)["code"]) == (400, code)
    raw = gateway.post("/v1/chat/completions", {"model": "raw-inputs", "stream": "yes"})
    assert (raw.status_code, error_of(raw)["param"]) == (400, "stream")
    assert emulated.requests() == []
