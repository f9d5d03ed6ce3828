"""Default parameters, as each task takes them."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import Task
from adapters.errors import ConfigError
from tests.adapters.deployment.composing import composed

TASKS: tuple[Task, ...] = ("chat", "completion", "embedding", "rerank")


def defaults(task: Task, /, **settings: Any) -> dict[str, Any]:
    return dict(composed(**settings).target.defaults_for(task))


@pytest.mark.parametrize(
    ("given", "chat", "completion"),
    [
        (True, {"logprobs": True}, {"logprobs": 1}),
        (3, {}, {"logprobs": 3}),
        ("3", {}, {"logprobs": 3}),
    ],
)
def test_one_name_may_be_two_things(
    given: Any, chat: dict[str, Any], completion: dict[str, Any]
) -> None:
    """A flag of chats is a number of completions: each gets what it takes, and none the other's."""
    assert defaults("chat", logprobs=given) == chat
    assert defaults("completion", logprobs=given) == completion


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("best_of", "x"),
        ("dimensions", "many"),
        ("echo", 7),
        ("logprobs", "x"),
        ("temperature", "warm"),
        ("top_n", 0),
    ],
)
def test_what_no_task_takes_is_refused(name: str, value: Any) -> None:
    """Not only chats' parameters are checked, and the place is told."""
    with pytest.raises(ConfigError, match="expected what OpenAI takes") as caught:
        composed(**{name: value})
    assert caught.value.path == (name,)


def test_numbers_are_read_out_of_text_for_every_task() -> None:
    """Environment variables are text; what a container's own parameter is, only it knows."""
    given = {"temperature": "0.5", "best_of": "2", "dimensions": "64", "top_k": "5"}
    assert defaults("chat", **given)["temperature"] == 0.5
    assert defaults("completion", **given)["best_of"] == 2
    assert defaults("embedding", **given)["dimensions"] == 64
    assert {defaults(task, **given)["top_k"] for task in TASKS} == {"5"}


@pytest.mark.parametrize("name", ["input", "messages", "prompt", "stream", "stream_options"])
def test_a_request_says_itself_what_it_is_about(name: str) -> None:
    """There is no default of it, also under `extra_body`."""
    with pytest.raises(ConfigError, match="has no default"):
        composed(extra_body={name: "x"})
