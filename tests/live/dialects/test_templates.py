"""A model's own chat template, from the configuration to the container's body."""

import pytest

from tests.adapters.prompts.conversations import parts
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, error_of

pytestmark = pytest.mark.xdist_group("dialects")


def test_parts_reach_a_template_that_reads_them(gateway: Gateway, emulated: Emulated) -> None:
    """The container gets what the template wrote of each part, formatted as Python formats."""
    body = {"model": "template", "messages": [{"role": "user", "content": parts("U", "V")}]}

    answer = gateway.post("/v1/chat/completions", body)

    assert answer.status_code == 200, answer.text
    assert emulated.body()["inputs"] == "<s>user: [U][V]\n"


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([{"role": "user", "content": "escape"}], "what is not allowed"),
        ([{"role": "user", "content": "fail"}], "can't write these messages"),
    ],
)
def test_a_templates_fault_is_400(gateway: Gateway, messages: list[object], told: str) -> None:
    """What a template may not do, and what it can't, name the setting and nothing of Python."""
    answer = gateway.post("/v1/chat/completions", {"model": "template", "messages": messages})

    assert answer.status_code == 400
    error = error_of(answer)
    assert (error["type"], error["param"], error["code"]) == (
        "invalid_request_error",
        "messages",
        "chat_template_error",
    )
    assert "`chat_template`" in error["message"]
    assert told in error["message"]
    assert "__" not in answer.text


def test_an_image_in_a_text_dialect_is_400(gateway: Gateway) -> None:
    """It is refused by its place, and no text goes out without it."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    messages = [{"role": "user", "content": [*parts("U"), image]}]

    answer = gateway.post("/v1/chat/completions", {"model": "template", "messages": messages})

    assert answer.status_code == 400
    assert error_of(answer)["param"] == "messages[0].content[1]"
