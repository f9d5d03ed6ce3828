"""What the compatibility tests' emulator and gateways serve, as YAML."""

from __future__ import annotations

from tests.live import serving
from tests.live.leaks import ACCESS_KEY, MASTER_KEY, REGION, SECRET_KEY
from tests.live.serving import Yaml, model

#: The reference page's chat model of the first Llama-2 generation.
LLAMA_F = "jumpstart-dft-meta-textgeneration-llama-2-7b-f"
#: Base models, whose hub names have no chat layout.
BASE_MODELS = ("tiiuae/falcon-7b", "mosaicml/mpt-7b", "codellama/CodeLlama-7b-hf")
#: The shapes in which text and embedding containers answer; those that can be streamed.
TEXT_SHAPES = ("generated_text", "object", "generation", "outputs", "choices", "text_choices")
STREAMED_SHAPES = ("generation", "outputs", "choices", "text_choices")
VECTOR_SHAPES = ("rows", "tokens", "embedding", "embeddings", "vectors", "data", "objects")
COMPONENTS = ("first", "second")
OTHER_REGION = "eu-west-1"
#: A template of a line for each message, and nothing of the lines of its own marks.
LINES = "{% for m in messages %}\n  {%- if true %}\n{{ m.content }}\n  {% endif %}\n{% endfor %}"
REFUSES = "{{ raise_exception('conversation roles must alternate') }}"


def emulator(container: str) -> Yaml:
    """The emulator's configuration; `container` is a real container's URL."""
    return {
        "regions": [REGION, OTHER_REGION],
        "journal": 2000,
        "credentials": [{"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}],
        "endpoints": {
            "text": {"kind": "tgi"},
            "chat": {"kind": "messages"},
            "embed": {"kind": "embeddings"},
            "flat": {"kind": "embeddings", "flat_single": True},
            "ranks": {"kind": "rerank"},
            "nova": {"kind": "nova"},
            "static": {"kind": "lmi_static"},
            "lmi": {"kind": "lmi"},
            LLAMA_F: {"kind": "tgi"},
            "echoes": {"kind": "custom", "echoes": True},
            "surprise": {"kind": "custom", "shape": "surprise"},
            "hostile": {"kind": "tgi", "reply": serving.HOSTILE, "default_max_new_tokens": 999},
            "a": {"kind": "tgi", "reply": "a b"},
            "text-whole": {"kind": "tgi", "whole_document": True},
            "chat-whole": {"kind": "messages", "whole_document": True},
            "scripted": {"kind": "container", "container": container},
            "c-text": {"kind": "tgi", "inference_components": COMPONENTS},
            "c-chat": {"kind": "messages", "inference_components": COMPONENTS},
            "c-embed": {"kind": "embeddings", "inference_components": COMPONENTS},
            **{
                f"shape-{shape.replace('_', '-')}": {"kind": "custom", "shape": shape}
                for shape in TEXT_SHAPES
            },
            **{f"v-{shape}": {"kind": "embeddings", "shape": shape} for shape in VECTOR_SHAPES},
            "my-cohere": {"kind": "embeddings", "vendor": "cohere"},
        },
    }


_HEADERS = {
    "extra_headers": {
        "X-Amzn-SageMaker-Target-Variant": "AllTraffic",
        "X-Amzn-SageMaker-Inference-Id": "call-7",
        "X-Amzn-SageMaker-Session-Id": "session-7",
        "X-Amzn-SageMaker-Prefix-Aware-Id": "prefix-7",
    },
    "custom_attributes": "trace=1",
}
#: What they are called behind `x-amzn-sagemaker-`.
HEADERS = ("custom-attributes", "target-variant", "inference-id", "session-id", "prefix-aware-id")
_HURRIED = {"timeout": 0.3, "stream_timeout": 0.3}

MODELS = (
    model("text", "sagemaker/text"),
    model("text-tgi", "sagemaker/text", format="tgi"),
    model("text-zero", "sagemaker/text", aws_sagemaker_allow_zero_temp=True),
    model("text-extra", "sagemaker/text", extra_body={"top_k": 7}),
    model("chat", "sagemaker_chat/chat"),
    model("chat-extra", "sagemaker_chat/chat", extra_body={"top_k": 7}),
    model("embed", "sagemaker/embed"),
    model("embed-cut", "sagemaker/embed", allowed_openai_params=["dimensions"]),
    model("flat", "sagemaker/flat"),
    model("ranks", "sagemaker/ranks"),
    model("nova", "sagemaker_nova/nova"),
    model("openai", "sagemaker/openai/chat"),
    model("static", "sagemaker/static", format="lmi_static"),
    model("lmi", "sagemaker/lmi", format="lmi"),
    model("llama-f", f"sagemaker/{LLAMA_F}"),
    *(model(name, "sagemaker/text", hf_model_name=name) for name in BASE_MODELS),
    model("template", "sagemaker/text", chat_template=LINES),
    model("template-refuses", "sagemaker/text", chat_template=REFUSES),
    *(model(name, f"sagemaker/{name}") for name in ("echoes", "surprise", "hostile", "a")),
    *(
        model(f"shape-{shape}", f"sagemaker/shape-{shape.replace('_', '-')}")
        for shape in TEXT_SHAPES
    ),
    *(model(f"v-{shape}", f"sagemaker/v-{shape}") for shape in VECTOR_SHAPES),
    model("cohere", "sagemaker/my-cohere"),
    model("text-whole", "sagemaker/text-whole"),
    model("chat-whole", "sagemaker_chat/chat-whole"),
    model("scripted", "sagemaker_chat/scripted"),
    *(
        model(f"{kind}-{what}", f"{route}{endpoint}", **settings)
        for kind, route in (
            ("text", "sagemaker/"),
            ("chat", "sagemaker_chat/"),
            ("embed", "sagemaker/"),
        )
        for what, endpoint, settings in (
            ("component", f"c-{kind}", {"model_id": "first"}),
            ("headers", kind, _HEADERS),
            ("hurried", kind, _HURRIED),
        )
    ),
)


def gateway(emulator: str) -> Yaml:
    """A gateway without a key; some base URLs are a whole operation's, as some people give it."""
    routes = (("text", "sagemaker/"), ("chat", "sagemaker_chat/"), ("embed", "sagemaker/"))
    return {
        "model_list": [
            *MODELS,
            *(
                model(
                    f"{name}-base",
                    route + name,
                    sagemaker_base_url=f"{emulator}/endpoints/{name}/invocations",
                )
                for name, route in routes
            ),
        ],
        "router_settings": serving.router(emulator),
    }


def ambient(emulator: str) -> Yaml:
    """A gateway with a master key in front of models that leave region or all keys open."""
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    return {
        "model_list": [
            model("text", "sagemaker/text", **keys),
            model("chat", "sagemaker_chat/chat", **keys),
            model("embed", "sagemaker/embed", **keys),
            model("chat-region", "sagemaker_chat/chat", aws_region_name=REGION, **keys),
            model("hub", "sagemaker/text", hf_model_name="mistralai/Nobody-Knows-7B", **keys),
            model("chat-hub", "sagemaker_chat/chat", hf_model_name="org/unknown-model", **keys),
            model(
                "hub-family", "sagemaker/text", hf_model_name="HuggingFaceH4/zephyr-7b-beta", **keys
            ),
        ],
        "router_settings": {"default_litellm_params": {"sagemaker_base_url": emulator}},
        "general_settings": {"master_key": MASTER_KEY},
    }
