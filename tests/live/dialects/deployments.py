"""What the dialects' own emulator and gateway serve, as YAML: all endpoints, all models."""

from __future__ import annotations

from tests.live import serving
from tests.live.dialects.containers import DIALECTS
from tests.live.leaks import ACCESS_KEY, REGION, SECRET_KEY
from tests.live.serving import Yaml, model

#: How embedding containers wrap their vectors, and what they call their inputs.
SHAPES = (
    *("rows", "tokens", "layered", "embedding", "embeddings", "vectors", "outputs", "data"),
    "objects",
)
KEYS = ("inputs", "text_inputs", "sentences", "instances")

_TEXT: Yaml = {
    **{each.name: each.container for each in DIALECTS},
    **{f"{each.name}-hostile": each.hostile for each in DIALECTS},
    "surprise": {"kind": "custom", "shape": "surprise"},
    "surprise-whole": {"kind": "custom", "shape": "surprise", "whole_document": True},
    "lmi-fails": {"kind": "lmi", "fails": True},
    "lmi-fails-late": {"kind": "lmi", "fails": True, "fails_after": 3},
    "lmi-static-fails": {"kind": "lmi_static", "fails": True},
    "echo-custom": {"kind": "custom", "echoes": True},
    "echo-tgi": {"kind": "tgi", "echoes": True},
    "meta-textgeneration-llama-2-7b-f": {"kind": "llama2"},
    "plain-vllm": {"kind": "messages", "completions": False},
    "no-tools": {"kind": "messages", "tools": False},
    "reasons": {"kind": "messages", "reasoning_field": "reasoning"},
}
_VECTORS: Yaml = {
    **{f"shape-{shape}": {"kind": "embeddings", "shape": shape} for shape in SHAPES},
    **{
        f"flat-{shape}": {"kind": "embeddings", "shape": shape, "flat_single": True}
        for shape in ("rows", "embedding", "embeddings")
    },
    **{f"key-{key.replace('_', '-')}": {"kind": "embeddings", "key": key} for key in KEYS},
    "my-Cohere-embed": {"kind": "embeddings", "vendor": "cohere"},
    "my-voyage-3": {"kind": "embeddings", "vendor": "voyage"},
    "tei": {"kind": "embeddings"},
    "vectors": {"kind": "messages"},
    "ranks": {"kind": "rerank"},
}

EMULATOR: Yaml = {
    "regions": [REGION],
    "journal": 2000,
    "credentials": [{"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}],
    "endpoints": {**_TEXT, **_VECTORS},
}

#: Reads parts; two words make it fail, each in its way.
_TEMPLATE = """{{ bos_token }}{% for m in messages %}
{% if m.content == 'escape' %}{{ '{0.__class__}'.format(m) }}{% endif %}
{% if m.content == 'fail' %}{{ 1 / 0 }}{% endif %}
{% if m.content is string %}
{{ '%s: %s' % (m.role, m.content) }}
{% else %}
{{ '%s: ' % m.role }}{% for part in m.content %}{{ '[{}]'.format(part.text) }}{% endfor %}

{% endif %}
{% endfor %}
"""
_LLAMA: Yaml = {"format": "llama2"}
_CUT: Yaml = {"allowed_openai_params": ["dimensions"]}

_MODELS = (
    *(model(each.name, each.route + each.name, **each.settings) for each in DIALECTS),
    *(
        model(f"{each.name}-hostile", f"{each.route}{each.name}-hostile", **each.settings)
        for each in DIALECTS
    ),
    *(
        model(f"{each.name}-drop", each.route + each.name, drop_params=True, **each.settings)
        for each in DIALECTS
    ),
    *(
        model(
            f"{each.name}-zero",
            each.route + each.name,
            aws_sagemaker_allow_zero_temp=True,
            **each.settings,
        )
        for each in DIALECTS
    ),
    model("allowed", "sagemaker/tgi-unset", allowed_openai_params=["presence_penalty"]),
    model("dropped", "sagemaker/tgi-unset", additional_drop_params=["temperature", "top_k"]),
    model("llama-no-licence", "sagemaker/llama-2-7b-f", **_LLAMA),
    model(
        "llama-text",
        "sagemaker/llama-2-7b",
        format="llama2",
        custom_attributes="accept_eula=true",
        final_prompt_value="Answer:",
    ),
    model("llama-no-format", "sagemaker/meta-textgeneration-llama-2-7b-f"),
    model(
        "llama-no-format-eula",
        "sagemaker/meta-textgeneration-llama-2-7b-f",
        custom_attributes="accept_eula=true",
    ),
    model("tgi-collected", "sagemaker/tgi", format="tgi", collect="always"),
    model("template", "sagemaker/tgi", chat_template=_TEMPLATE, bos_token="<s>"),
    model("echo-known", "sagemaker/echo-custom", echoes_prompt=True),
    model("echo-denied", "sagemaker/echo-custom", echoes_prompt=False),
    model("echo-told", "sagemaker/echo-tgi", format="tgi"),
    model("raw-inputs", "sagemaker/tgi", format="raw"),
    model("raw-prompt", "sagemaker/openai-vllm", format="raw"),
    model("raw-static", "sagemaker/lmi-static", format="raw"),
    *(
        model(name, f"sagemaker/{name}")
        for name in ("surprise", "surprise-whole", "echo-custom", "echo-tgi")
    ),
    *(model(name, f"sagemaker/{name}", format="lmi") for name in ("lmi-fails", "lmi-fails-late")),
    model("lmi-static-fails", "sagemaker/lmi-static-fails", format="lmi_static"),
    *(model(name, f"sagemaker_chat/{name}") for name in ("plain-vllm", "no-tools", "reasons")),
    *(model(name, f"sagemaker/{name}") for name in _VECTORS if name.startswith(("sh", "fl"))),
    *(
        model(f"key-{key}", f"sagemaker/key-{key.replace('_', '-')}", embedding_key=key)
        for key in KEYS
    ),
    model("shape-tokens-first", "sagemaker/shape-tokens", embedding_pooling="first"),
    model("cut", "sagemaker/tei", **_CUT),
    model("tens", "sagemaker/tei", batch_size=10),
    model("named-hf", "sagemaker/tei", format="hf_embed"),
    model("tei", "sagemaker/tei", format="tei"),
    model("tei-cut", "sagemaker/tei", format="tei", **_CUT),
    model("cohere", "sagemaker/my-Cohere-embed"),
    model("cohere-cut", "sagemaker/my-Cohere-embed", format="cohere_embed", **_CUT),
    model("voyage", "sagemaker/my-voyage-3"),
    model("voyage-cut", "sagemaker/my-voyage-3", format="voyage_embed", **_CUT),
    model("openai", "sagemaker/openai/vectors"),
    model("openai-embed", "sagemaker/vectors", format="openai_embed"),
    model("raw-vectors", "sagemaker/vectors", format="raw"),
    model("ranks", "sagemaker/ranks"),
    model("ranks-tei", "sagemaker/ranks", format="tei_rerank"),
    model("ranks-tens", "sagemaker/ranks", batch_size=10),
    model("ranks-raw", "sagemaker/ranks", format="raw"),
)


def gateway(emulator: str) -> Yaml:
    """A gateway without a key, in front of them all."""
    return {
        "model_list": list(_MODELS),
        "router_settings": serving.router(emulator),
    }
