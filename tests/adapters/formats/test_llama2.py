"""JumpStart's first Llama-2 containers: what chat models take, and what their complaints mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters import formats
from adapters.base import Format, Limits, Request, Target
from adapters.endpoint import Endpoint
from adapters.errors import ModelError, UnsupportedTask
from adapters.openai import scores
from adapters.prompts import plain
from adapters.prompts.cards import LLAMA_2
from tests.adapters.formats.golden_file import make_target
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import CHAT

LICENCE = "Need to pass custom_attributes='accept_eula=true' as part of header."
DIALOGS = "prediction failure: string indices must be integers"
CHATS = replace(make_target(), prompt=LLAMA_2)
BASE = make_target()
FORMATS = {name: formats.load(name) for name in ("llama2", "huggingface")}


def advice(form: Format, status: int, complaint: str, target: Target) -> str:
    assert form.advise is not None
    return form.advise(status, complaint, target) or ""


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("target", [CHATS, BASE], ids=["chat", "base"])
def test_the_licence_has_a_setting(name: str, target: Target) -> None:
    """Whoever reads the complaint learns where the licence is accepted, once it is."""
    said = advice(FORMATS[name], 424, LICENCE, target)
    assert "'custom_attributes: accept_eula=true'" in said


def test_a_chat_model_without_a_format() -> None:
    """Only where nobody has named a format, and only for what a chat model could not read."""
    unset = FORMATS["huggingface"]
    assert "'format: llama2'" in advice(unset, 424, DIALOGS, CHATS)
    assert advice(unset, 500, DIALOGS, CHATS) == ""
    assert advice(unset, 424, DIALOGS, BASE) == ""
    assert advice(FORMATS["llama2"], 424, DIALOGS, CHATS) == ""


async def test_advice_stands_behind_the_containers_words() -> None:
    """The error says both, as message and as text."""
    invoker = ScriptedInvoker(replies=[ModelError(f"{DIALOGS}.", status=424)])
    called = Endpoint(id="d", target=CHATS, format=FORMATS["huggingface"], invoker=invoker)
    with pytest.raises(ModelError) as caught:
        await called.call("chat", CHAT, Limits())
    assert caught.value.message.startswith(f"{DIALOGS}. If this is JumpStart's")
    assert str(caught.value) == caught.value.message


def test_a_prompt_for_a_chat_model_says_what_works() -> None:
    """It takes dialogs only; base models, and models with a template of their own, take text."""
    codec = FORMATS["llama2"].completion
    assert codec is not None

    def ask(target: Target) -> Request:
        return Request(target=target, params={"prompt": "Once"}, id="c", created=1)

    with pytest.raises(UnsupportedTask, match="/chat/completions"):
        codec.encode(ask(CHATS))
    own = replace(make_target(), prompt=plain)
    for target in (BASE, own):
        assert b'"inputs":"Once"' in codec.encode(ask(target))[0].body


def test_bare_scores_have_a_shape() -> None:
    """Numbers without an object around them, in a list or under a name."""
    assert (scores.shape([0.5, 1]), scores.shape({"scores": [0.5]})) == ("[]", "scores[]")
