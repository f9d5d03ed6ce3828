"""What the tests of groups serve: models of their own for each test, since deployments remember."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.live import serving
from tests.live.leaks import REGION
from tests.live.serving import Yaml

#: Nobody listens there.
CLOSED = "http://127.0.0.1:9"
#: The gateway's rest after failures; long enough that no test on a slow machine sees its end.
REST = 60

EMULATOR: Yaml = {
    "regions": [REGION],
    "journal": 5000,
    "credentials": serving.EMULATOR["credentials"],
    "endpoints": {
        **{name: {"kind": "messages"} for name in ("one", "two", "three", "four")},
        "short": {"kind": "messages", "context_length": 64},
        "text": {"kind": "tgi"},
        "vectors": {"kind": "embeddings"},
        "more-vectors": {"kind": "embeddings"},
        "ranks": {"kind": "rerank"},
        "more-ranks": {"kind": "rerank"},
    },
}


@contextmanager
def black_hole() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def member(model: str, name: str, address: str = "sagemaker_chat/one", **params: Any) -> Yaml:
    """One deployment of a group; its id is the model's name with its own."""
    return serving.model(model, address, info={"id": f"{model}-{name}"}, **params)


def pair(model: str, **params: Any) -> list[Yaml]:
    """Two deployments, `one` and `two`, on the endpoints of these names, asked in this order."""
    return [
        member(model, name, f"sagemaker_chat/{name}", order=order, **params)
        for order, name in enumerate(("one", "two"))
    ]


def gateway_of_groups(emulator: str, hole: str) -> Yaml:
    """The configuration of the gateway that most tests of this folder share."""
    lone = ("alone", "alone-headers", "alone-advice", "alone-errors", "alone-deadline", "sdk-alone")
    pairs = ("pair", "pair-stream", "pair-late", "pair-cut", "pair-sdk", "pair-rest", "pair-fault")
    return {
        "model_list": [
            *(member(name, "only") for name in lone),
            *(each for name in pairs for each in pair(name)),
            *pair("pair-quick", cooldown_time=1),
            member("dead", "gone", sagemaker_base_url=CLOSED, order=0),
            member("dead", "two", "sagemaker_chat/two", order=1),
            *(
                member(f"holed{kind}", name, f"sagemaker_chat/{name}", **settings)
                for kind in ("", "-stream")
                for name, settings in (
                    ("one", {"sagemaker_base_url": hole, "first_byte_timeout": 0.5}),
                    ("two", {}),
                    ("three", {}),
                )
            ),
            member("weighted", "one", weight=9),
            member("weighted", "two", "sagemaker_chat/two", weight=1),
            member("weighted", "three", "sagemaker_chat/three", weight=0),
            member("tagged", "eu", tags=["eu"]),
            member("tagged", "us", "sagemaker_chat/two", tags=["us"]),
            member("tagged", "all", "sagemaker_chat/three", tags=["default"]),
            *(
                member("session", name, f"sagemaker_chat/{name}")
                for name in ("one", "two", "three")
            ),
            member("first", "only", "sagemaker_chat/one"),
            member("second", "only", "sagemaker_chat/two"),
            member("third", "only", "sagemaker_chat/three"),
            member("lost", "only", sagemaker_base_url=CLOSED),
            member("short", "only", "sagemaker_chat/short"),
            member("hurried", "only", timeout=2),
            serving.model("sm/*", "sagemaker_chat/*", allowed_endpoints=["four"]),
            member("vectors", "gone", "sagemaker/vectors", sagemaker_base_url=CLOSED, order=0),
            member("vectors", "more", "sagemaker/more-vectors", order=1),
            member("ranks", "gone", "sagemaker/ranks", sagemaker_base_url=CLOSED, order=0),
            member("ranks", "more", "sagemaker/more-ranks", order=1),
        ],
        "router_settings": {
            "num_retries": 2,
            "cooldown_time": REST,
            "enable_tag_filtering": True,
            "optional_pre_call_checks": ["session_affinity"],
            "model_group_alias": {
                "other-name": "first",
                "secret-name": {"model": "first", "hidden": True},
            },
            "fallbacks": [{"first": ["second", "third"]}, {"lost": ["sm/four"]}],
            "context_window_fallbacks": [{"short": ["third"]}],
            "default_litellm_params": serving.defaults(emulator),
        },
    }
