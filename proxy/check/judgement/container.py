"""What a container speaks, by its image and its variables, and whether a deployment speaks it too.

Names only: a container may have been built to do anything, so nothing here is more than advice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.base import Json
from proxy.check.finding import Finding

_CHAT: Final = ("messages", "openai")
_ANY_TEXT: Final = "huggingface"
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
#: TGI takes chats as well from this release on.
_TGI_3: Final = re.compile(r"tgi[-:]?(?:[3-9]|\d\d)")


@dataclass(frozen=True, slots=True)
class Container:
    """An image and its variables."""

    image: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The image's repository and tag, without the registry, in small letters."""
        return self.image.rpartition("/")[2].lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialects:
    """What a container speaks."""

    #: What it is, in a word.
    title: str
    #: Formats that suit it, the best first.
    formats: tuple[str, ...]
    #: How a model on it is written.
    route: str


def container_of_model(described: Json) -> Container | None:
    """Find the container in DescribeModel's answer; None for a pipeline of several."""
    containers = described.get("Containers") or [described.get("PrimaryContainer", {})]
    if len(containers) > 1 or "Image" not in containers[0]:
        return None
    return Container(containers[0]["Image"], containers[0].get("Environment", {}))


def container_of_component(described: Json) -> Container | None:
    """Find the container in DescribeInferenceComponent's answer; None where a model has it."""
    container = described.get("Specification", {}).get("Container", {})
    image = container.get("DeployedImage", {}).get("SpecifiedImage")
    return Container(image, container.get("Environment", {})) if image else None


def container_of_variant(described: Json) -> Container | None:
    """Find the image in DescribeEndpoint's answer, which tells no variables."""
    for variant in described.get("ProductionVariants", []):
        for image in variant.get("DeployedImages", []):
            return Container(image["SpecifiedImage"])
    return None


def dialects(container: Container, mode: str | None) -> Dialects | None:
    """Tell what a container speaks; None where neither image nor variables say.

    Args:
        container: Image and variables.
        mode: `model_info.mode`, for containers whose dialect depends on it.
    """
    for image, variable, speaks in _RULES:
        named = image.search(container.name)
        if named or (variable and any(key.startswith(variable) for key in container.environment)):
            return speaks(container, mode)
    return None


def format_fits(configured: str, container: Container, mode: str | None) -> Finding:
    """Judge a deployment's format against its container."""
    spoken = dialects(container, mode)
    if spoken is None:
        return Finding(
            level="hint",
            check="format",
            text=f"nothing tells what the container {container.name} speaks",
            advice="--invoke shows whether it understands the format.",
        )
    best = spoken.formats[0]
    if configured in spoken.formats or "raw" in configured or ":" in configured:
        return Finding(level="ok", check="format", text=f"format {configured} suits {spoken.title}")
    return Finding(
        level="warning",
        check="format",
        text=f"the container is {spoken.title} and the format is {configured}",
        advice=f"Write the model as {spoken.route}..., or set format: {best}",
    )


def _nova(_: Container, __: str | None) -> Dialects:
    return Dialects(title="Amazon Nova", formats=("nova",), route="sagemaker_nova/")


def _openai(container: Container, mode: str | None) -> Dialects:
    title = "SGLang" if "sglang" in container.name else "vLLM"
    if mode == "embedding":
        formats: tuple[str, ...] = ("openai_embed", "openai")
        return Dialects(title=title, formats=formats, route="sagemaker/openai/")
    formats = (*_CHAT, "openai_embed")
    return Dialects(title=title, formats=formats, route="sagemaker_chat/")


def _tei(_: Container, mode: str | None) -> Dialects:
    first, second = ("tei_rerank", "tei") if mode == "rerank" else ("tei", "tei_rerank")
    formats = (first, second, "hf_embed", _ANY_TEXT)
    return Dialects(title="Text Embeddings Inference", formats=formats, route="sagemaker/")


def _lmi(container: Container, _: str | None) -> Dialects:
    if container.environment.get("OPTION_ROLLING_BATCH", "").lower() == "disable":
        formats: tuple[str, ...] = ("lmi_static", _ANY_TEXT)
        return Dialects(title="LMI without rolling batch", formats=formats, route="sagemaker/")
    # JumpStart's first Llama-2 containers are DJL's as well.
    formats = ("lmi", *_CHAT, _ANY_TEXT, "llama2")
    return Dialects(title="LMI", formats=formats, route="sagemaker/")


def _tgi(container: Container, _: str | None) -> Dialects:
    if container.environment.get("MESSAGES_API_ENABLED", "").lower() in _TRUE:
        return Dialects(title="TGI started for chat", formats=_CHAT, route="sagemaker_chat/")
    both = _CHAT if _TGI_3.search(container.name) else ()
    return Dialects(title="TGI", formats=("tgi", _ANY_TEXT, *both), route="sagemaker/")


def _huggingface(_: Container, mode: str | None) -> Dialects:
    formats = ("hf_embed", _ANY_TEXT) if mode == "embedding" else (_ANY_TEXT, "hf_embed", "tgi")
    return Dialects(title="Hugging Face's inference toolkit", formats=formats, route="sagemaker/")


#: What an image's name has in it, or how a variable begins; the first rule that fits holds.
_RULES: Final[tuple[tuple[re.Pattern[str], str, Callable[..., Dialects]], ...]] = (
    (re.compile(r"\bnova\b"), "", _nova),
    (re.compile(r"\btei\b|text-embeddings"), "", _tei),
    (re.compile(r"vllm"), "SM_VLLM_", _openai),
    (re.compile(r"sglang"), "SM_SGLANG_", _openai),
    (re.compile(r"djl-inference|\blmi"), "OPTION_", _lmi),
    (re.compile(r"tgi|text-generation-inference"), "MESSAGES_API_ENABLED", _tgi),
    (re.compile(r"huggingface-pytorch-inference"), "", _huggingface),
)
