"""What the shared processes serve: the emulator's endpoints and the gateways' models, as YAML.

Knows names and settings only. JSON is YAML, so the files are written as JSON.
"""

import json
from typing import Any

from tests.live.leaks import (
    ACCESS_KEY,
    MASTER_KEY,
    REGION,
    SECRET_KEY,
    TEMPORARY_KEY,
    TEMPORARY_SECRET,
    TEMPORARY_TOKEN,
)

Yaml = dict[str, Any]


def written(configuration: Yaml) -> str:
    """A configuration as text. YAML reads no surrogate pairs, and takes U+2028 for a line's end."""
    return json.dumps(configuration, ensure_ascii=False).replace("\u2028", "\\u2028")


#: The reference page's endpoint.
JUMPSTART = "jumpstart-dft-hf-textgeneration1-mp-20240815-185614"
#: A text with everything that a careless decoder loses or takes for framing.
HOSTILE = (
    '  \n\n\tÇa va, 世界? 🌍👩‍👩‍👧 data: [DONE]\n\ndata: {}\r\n  "quoted" \\n </s>x \u2028 a  b'
    ' {"finish_reason": "stop"} ]} end \n \n'
)

EMULATOR: Yaml = {
    "regions": [REGION, "eu-west-1"],
    "journal": 2000,
    "credentials": [
        {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY},
        {
            "access_key": TEMPORARY_KEY,
            "secret_key": TEMPORARY_SECRET,
            "session_token": TEMPORARY_TOKEN,
        },
    ],
    "endpoints": {
        JUMPSTART: {"kind": "tgi"},
        "seed-chat": {"kind": "messages"},
        "tgi": {"kind": "tgi"},
        "chat": {"kind": "messages"},
        "lines": {"kind": "messages", "framing": "jsonlines"},
        "served": {"kind": "messages", "served_model": "org/served"},
        "tgi-hostile": {"kind": "tgi", "reply": HOSTILE, "default_max_new_tokens": 1000},
        "chat-hostile": {"kind": "messages", "reply": HOSTILE},
        "lines-hostile": {"kind": "messages", "reply": HOSTILE, "framing": "jsonlines"},
        "tgi-whole": {
            "kind": "tgi",
            "reply": HOSTILE,
            "whole_document": True,
            "default_max_new_tokens": 1000,
        },
        "chat-whole": {"kind": "messages", "reply": HOSTILE, "whole_document": True},
        "tgi-no-stream": {
            "kind": "tgi",
            "reply": HOSTILE,
            "streaming": False,
            "default_max_new_tokens": 1000,
        },
        "chat-no-stream": {"kind": "messages", "reply": HOSTILE, "streaming": False},
        "tgi-ping": {"kind": "tgi", "reply": "ping pong"},
        "embed": {"kind": "embeddings"},
        "embed-flat": {"kind": "embeddings", "flat_single": True},
        "component": {"kind": "messages", "inference_components": ["first", "second"]},
        "collecting-chat": {"kind": "messages"},
        "collecting-tgi": {"kind": "tgi"},
        "steady": {"kind": "messages"},
        "steady-tgi": {"kind": "tgi"},
    },
}


def model(name: str, address: str, /, **params: Any) -> Yaml:
    """One entry of `model_list`; `info` becomes its `model_info`."""
    info = params.pop("info", None)
    entry = {"model_name": name, "litellm_params": {"model": address, **params}}
    return entry if info is None else {**entry, "model_info": info}


#: Every header that both operations take, as settings.
HEADERS = {
    "custom_attributes": "tier=gold",
    "target_variant": "AllTraffic",
    "target_container": "second",
    "session_id": "s-1",
    "prefix_aware_id": "team-a",
}

#: The models of the gateway that most tests share; it has no key.
MODELS = (
    model("tgi", "sagemaker/tgi"),
    model("tgi-explicit", "sagemaker/tgi", format="tgi"),
    model("tgi-warm", "sagemaker/tgi", temperature=0.6, top_p=0.9),
    model("tgi-zero", "sagemaker/tgi", aws_sagemaker_allow_zero_temp=True),
    model("tgi-zero-default", "sagemaker/tgi", temperature=0),
    model("tgi-top-k", "sagemaker/tgi", top_k=1),
    model("tgi-limit", "sagemaker/tgi", max_completion_tokens=50),
    model("tgi-drop", "sagemaker/tgi", drop_params=True),
    model("tgi-ping", "sagemaker/tgi-ping"),
    model("tgi-ping-explicit", "sagemaker/tgi-ping", format="tgi"),
    model("chat", "sagemaker_chat/chat", info={"id": "the-chat-deployment"}),
    model("chat-limit", "sagemaker_chat/chat", max_completion_tokens=50),
    model("chat-named", "sagemaker_chat/served", hf_model_name="org/served"),
    model(
        "chat-settings",
        "sagemaker_chat/chat",
        timeout=50,
        stream_timeout=50,
        drop_params=True,
        stream_mode="real",
        top_k=7,
        extra_body={"min_p": 0.5},
    ),
    model("lines", "sagemaker_chat/lines"),
    model("chat-hurried", "sagemaker_chat/chat", timeout=1, stream_timeout=1),
    model("tgi-hostile", "sagemaker/tgi-hostile"),
    model("chat-hostile", "sagemaker_chat/chat-hostile"),
    model("lines-hostile", "sagemaker_chat/lines-hostile"),
    *(
        model(f"{name}-{letter}", f"{route}/{name}")
        for route, name in (
            ("sagemaker", "tgi-whole"),
            ("sagemaker_chat", "chat-whole"),
            ("sagemaker", "tgi-no-stream"),
            ("sagemaker_chat", "chat-no-stream"),
        )
        for letter in "ab"
    ),
    model("tgi-no-stream-c", "sagemaker/tgi-no-stream"),
    model("tgi-no-stream-d", "sagemaker/tgi-no-stream"),
    model("forget-operation", "sagemaker_chat/chat-hostile"),
    model("forget-usage", "sagemaker_chat/chat"),
    model("real-only", "sagemaker/tgi-no-stream", stream_mode="real"),
    model("fake-only", "sagemaker_chat/chat-hostile", stream_mode="fake"),
    model("embed", "sagemaker/embed"),
    model("embed-flat", "sagemaker/embed-flat"),
    model("component", "sagemaker_chat/component", model_id="first"),
    model(
        "component-free",
        "sagemaker_chat/component",
        model_id="first",
        configurable_clientside_auth_params=["model_id"],
    ),
    model("component-none", "sagemaker_chat/component"),
    model("component-short", "sagemaker_chat/component/second"),
    model("headers", "sagemaker_chat/chat", **HEADERS),
    model("headers-text", "sagemaker/tgi", **HEADERS),
    model("headers-embed", "sagemaker/embed", **HEADERS),
    model("headers-model", "sagemaker_chat/chat", target_model="m.tar.gz"),
    model("headers-explained", "sagemaker/tgi", enable_explanations="`true`"),
    model(
        "headers-free",
        "sagemaker_chat/chat",
        allowed_client_headers=["X-Amzn-SageMaker-Session-Id"],
    ),
    model("openai-bodies", "sagemaker/openai/chat"),
    model("small", "sagemaker_chat/chat", max_payload_mb=0.25),
    model("missing", "sagemaker/no-such-endpoint"),
    model(
        "wrong-secret",
        "sagemaker/tgi",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key="wrong/secret/wrong/secret/wrong/secret00",
    ),
    model("wrong-region", "sagemaker/tgi", aws_region_name="ap-south-1"),
    model("other-region", "sagemaker/tgi", aws_region_name="eu-west-1"),
    model("unreachable", "sagemaker/tgi", sagemaker_base_url="http://127.0.0.1:9"),
    model("collecting-chat", "sagemaker_chat/collecting-chat", collect="auto"),
    model("collecting-tgi", "sagemaker/collecting-tgi", format="tgi", collect="auto"),
    model("steady", "sagemaker_chat/steady"),
    model("steady-tgi", "sagemaker/steady-tgi"),
    model("org/slashed name", "sagemaker_chat/chat"),
    model("模型", "sagemaker_chat/chat"),
)
#: The models of the gateway that demands a key.
LOCKED_MODELS = (model("chat", "sagemaker_chat/chat"), model("embed", "sagemaker/embed"))


def open_gateway(emulator: str) -> Yaml:
    """A gateway without a key."""
    return {
        "model_list": list(MODELS),
        "router_settings": router(emulator),
        "general_settings": {"max_request_size_mb": 8},
    }


def locked_gateway(emulator: str) -> Yaml:
    """A gateway with a master key, small bodies, and a log at its most talkative."""
    return {
        "model_list": list(LOCKED_MODELS),
        "router_settings": router(emulator),
        "general_settings": {
            "master_key": MASTER_KEY,
            "litellm_key_header_name": "X-Own-Key",
            "max_request_size_mb": 0.25,
        },
        "litellm_settings": {"set_verbose": True},
    }


def small_gateway(emulator: str) -> Yaml:
    """A gateway with one chat model."""
    return {
        "model_list": [model("chat", "sagemaker_chat/chat")],
        "router_settings": router(emulator),
    }


def router(emulator: str) -> Yaml:
    """Give the settings of a gateway that tries each request once: a test sees each failure."""
    return {"num_retries": 0, "default_litellm_params": defaults(emulator)}


def defaults(emulator: str) -> Yaml:
    """What all models of a gateway have in common: where SageMaker is, and who signs."""
    return {
        "sagemaker_base_url": emulator,
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "aws_region_name": REGION,
        # what one test's timeout teaches a deployment must not change another test's calls
        "collect": "never",
    }
