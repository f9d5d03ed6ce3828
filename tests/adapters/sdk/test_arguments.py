"""A call's arguments, told apart."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from adapters.errors import InvalidRequest
from adapters.openai.chat import ChatRequest
from adapters.sdk.arguments import Arguments, read_arguments

HELLO = [{"role": "user", "content": "Hi"}]
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "secret-env"}


def read(environ: dict[str, str] | None = None, /, **arguments: Any) -> Arguments:
    messages = arguments.pop("messages", HELLO)
    body = {"model": "sagemaker/e", "messages": messages}
    return read_arguments(ChatRequest.model_fields, body, arguments, environ or {})


def identity(arguments: Arguments) -> tuple[Any, ...]:
    plain = arguments.settings.plain()
    return tuple(
        plain[f"aws_{name}"] for name in ("access_key_id", "secret_access_key", "session_token")
    )


def test_settings_and_parameters_are_told_apart() -> None:
    """Settings stay here; OpenAI's parameters and the container's own travel."""
    got = read(
        temperature=0.5,
        top_k=1,
        model_id="first",
        timeout=3,
        metadata={"a": 1},
        top_p=None,
        extra_body={"top_k": 2, "time_out": 4, "min_p": None},
    )
    assert got.params == {
        "model": "sagemaker/e",
        "messages": HELLO,
        "temperature": 0.5,
        "top_k": 2,
        "time_out": 4,
    }
    assert (got.settings.model_id, got.settings.timeout) == ("first", 3)
    assert got.settings.defaults == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("aws_secret_acess_key", "did you mean aws_secret_access_key?"),
        ("aws_unheard_of", "unknown argument"),
        ("sagemaker_base_ulr", "did you mean sagemaker_base_url?"),
        ("time_out", "did you mean timeout?.*extra_body"),
        ("hf_modelname", "did you mean hf_model_name?"),
        ("num_retries", "each call is tried once"),
        ("api_key", "SageMaker has no API keys"),
        ("headers", "use extra_headers"),
        ("request_timeout", "use timeout"),
    ],
)
def test_what_looks_like_a_setting_never_reaches_a_container(name: str, words: str) -> None:
    """A misspelt setting, and one that is not supported, is an error that names it."""
    with pytest.raises(InvalidRequest, match=words.replace("?", r"\?")) as caught:
        read(**{name: "hush-hush"})
    assert caught.value.param == name
    assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("num_retries", 0), ("max_retries", 0), ("caching", False), ("fallbacks", [])],
)
def test_what_is_not_done_may_be_declined(name: str, value: Any) -> None:
    """Callers of LiteLLM turn retries and caches off; that asks for what happens anyway."""
    assert name not in read(**{name: value}).params


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("aws_secret_access_key", "argument of its own"),
        ("aws_secret_acess_key", "did you mean aws_secret_access_key?"),
        ("aws_unheard_of", "unknown setting"),
        ("sagemaker_base_url", "argument of its own"),
        ("sagemaker_unheard_of", "unknown setting"),
        ("model_id", "argument of its own"),
        ("format", "argument of its own"),
        ("model", "argument of its own"),
        ("messages", "argument of its own"),
        ("stream", "argument of its own"),
        ("extra_body", "argument of its own"),
        ("api_key", "SageMaker has no API keys"),
    ],
)
def test_extra_body_is_for_the_containers_own_parameters(name: str, words: str) -> None:
    """No setting travels to a container there, and nothing that the call is about is replaced."""
    with pytest.raises(InvalidRequest, match=words.replace("?", r"\?")) as caught:
        read(extra_body={name: "hush-hush"})
    assert caught.value.param == name
    assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "param"),
    [
        ({"timeout": "soon"}, "timeout"),
        ({"roles": "user"}, "roles"),
        ({"extra_body": 3}, "extra_body"),
        ({"api_base": "http://a", "base_url": "http://b"}, "api_base"),
        ({"aws_access_key_id": " AKID "}, "aws_access_key_id"),
        ({"format": ""}, "format"),
    ],
)
def test_a_wrong_value_names_its_argument(arguments: dict[str, Any], param: str) -> None:
    """Settings are checked by their schema."""
    with pytest.raises(InvalidRequest) as caught:
        read(**arguments)
    assert caught.value.param == param
    assert caught.value.__cause__ is None or "AKID" not in str(caught.value.__cause__)


def test_the_environment_signs_where_nobody_is_named() -> None:
    """AWS's own variables; an empty one counts as unset, as the examples' placeholders do."""
    assert identity(read(KEYS)) == ("AKIDENV", "secret-env", None)
    assert identity(read({**KEYS, "AWS_SESSION_TOKEN": "t"})) == ("AKIDENV", "secret-env", "t")
    assert identity(read({**KEYS, "AWS_SESSION_TOKEN": ""})) == ("AKIDENV", "secret-env", None)
    assert identity(read(dict.fromkeys(KEYS, ""))) == (None, None, None)
    assert identity(read({"AWS_SESSION_TOKEN": "t"})) == (None, None, None)


def test_explicit_keys_never_mix_with_the_environments() -> None:
    """Who is named signs alone; a placeholder names nobody."""
    ambient = {**KEYS, "AWS_SESSION_TOKEN": "t"}
    named = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}
    assert identity(read(ambient, **named)) == ("AKID", "secret", None)
    assert identity(read(ambient, **dict.fromkeys(named, ""))) == ("AKIDENV", "secret-env", "t")
    assert read(ambient, aws_region_name="").settings.aws_region_name is None


class Said(BaseModel):
    """A message as client libraries have them."""

    role: str
    content: str | None
    refusal: str | None = None


@pytest.mark.parametrize("name", ["AWS_ROLE_NAME", "AWS_PROFILE_NAME", "AWS_WEB_IDENTITY_TOKEN"])
def test_the_environments_role_goes_before_its_keys(name: str) -> None:
    """Keys of the environment are the chain's, and the role's source, where it names a role."""
    environ = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", name: "x"}
    assert identity(read(environ)) == (None, None, None)


@pytest.mark.parametrize("name", ["aws_role_name", "aws_profile_name", "aws_session_tags"])
def test_an_explicit_identity_never_mixes_with_the_environments_keys(name: str) -> None:
    """Whoever is named by an argument is not completed from the environment."""
    environ = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}
    assert identity(read(environ, **{name: "x"})) == (None, None, None)


def test_messages_may_be_objects_and_tuples() -> None:
    """What knows itself as a dict is written as one, without its nulls; the rest is refused."""
    got = read(messages=(Said(role="user", content="Hi"), HELLO[0]))
    assert got.params["messages"] == [HELLO[0], HELLO[0]]
    for value in (object(), {1: 2}, "\ud800", 2**80):
        with pytest.raises(InvalidRequest, match="JSON"):
            read(own=value)


def test_the_callers_objects_are_never_changed_or_kept() -> None:
    """The request is a copy: what the caller does with his lists afterwards is his business."""
    messages = [dict(HELLO[0])]
    got = read(messages=messages)
    messages[0]["content"] = "changed"
    assert got.params["messages"] == HELLO


class Part(BaseModel):
    """Something that knows itself as a dict."""

    score: float


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize(
    "wrap",
    [float, lambda each: [None, {"a": (1.0, each)}], lambda each: Part(score=each)],
)
def test_a_number_that_json_has_not_is_an_error(number: float, wrap: Any) -> None:
    """It is refused by its argument's name, as deep as it may stand, and never left out."""
    given = wrap(number)
    for arguments in ({"top_k": given}, {"extra_body": {"top_k": given}}):
        with pytest.raises(InvalidRequest, match="no number in JSON") as caught:
            read(**arguments)
        assert caught.value.param == "top_k"


def test_a_null_in_a_list_stays() -> None:
    """None is JSON's null, wherever it is no argument of its own."""
    assert read(weird=[None, {"a": None}]).params["weird"] == [None, {"a": None}]
