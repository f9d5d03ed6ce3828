"""What a container speaks, by image and variables."""

from typing import Any

import pytest

from proxy.check.judgement.container import (
    Container,
    container_of_component,
    container_of_model,
    container_of_variant,
    dialects,
    format_fits,
)

REGISTRY = "763104351884.dkr.ecr.us-east-1.amazonaws.com/"
TGI_2 = "huggingface-pytorch-tgi-inference:2.4.0-tgi2.4.0-gpu-py311-cu124-ubuntu22.04"
TGI_3 = "huggingface-pytorch-tgi-inference:2.6.0-tgi3.0.1-gpu-py311-cu124-ubuntu22.04"
LMI = "djl-inference:0.33.0-lmi15.0.0-cu128"
TEI = "tei:2.0.1-tei1.7.0-gpu-py310-cu122-ubuntu22.04"
HF = "huggingface-pytorch-inference:2.1.0-transformers4.37.0-gpu-py310-cu118-ubuntu20.04"


@pytest.mark.parametrize(
    ("image", "environment", "mode", "formats"),
    [
        ("vllm:0.11.0-gpu", {}, None, ("messages", "openai", "openai_embed")),
        ("vllm:0.11.0-gpu", {}, "embedding", ("openai_embed", "openai")),
        ("mine:1", {"SM_VLLM_MODEL": "m"}, None, ("messages", "openai", "openai_embed")),
        ("sglang:0.5", {}, None, ("messages", "openai", "openai_embed")),
        (LMI, {}, None, ("lmi", "messages", "openai", "huggingface", "llama2")),
        (LMI, {"OPTION_ROLLING_BATCH": "disable"}, None, ("lmi_static", "huggingface")),
        (
            "mine:1",
            {"OPTION_MODEL_ID": "m"},
            None,
            ("lmi", "messages", "openai", "huggingface", "llama2"),
        ),
        (TGI_2, {}, None, ("tgi", "huggingface")),
        (TGI_3, {}, None, ("tgi", "huggingface", "messages", "openai")),
        (TGI_2, {"MESSAGES_API_ENABLED": "true"}, None, ("messages", "openai")),
        (TEI, {}, "embedding", ("tei", "tei_rerank", "hf_embed", "huggingface")),
        (TEI, {}, "rerank", ("tei_rerank", "tei", "hf_embed", "huggingface")),
        (HF, {}, None, ("huggingface", "hf_embed", "tgi")),
        (HF, {}, "embedding", ("hf_embed", "huggingface")),
        ("nova-inference-repo:SM-Inference-latest", {}, None, ("nova",)),
    ],
)
def test_dialects(
    image: str, environment: dict[str, str], mode: str | None, formats: tuple[str, ...]
) -> None:
    """Image names and variables tell the formats that suit, the best first."""
    spoken = dialects(Container(REGISTRY + image, environment), mode)
    assert spoken is not None
    assert spoken.formats == formats


def test_registry_and_folder_say_nothing() -> None:
    """Only the repository's own name counts, not the registry's or a folder's."""
    assert dialects(Container("vllm.example.com/tgi/mine:1"), None) is None


@pytest.mark.parametrize(
    ("configured", "image", "level"),
    [
        ("messages", "vllm:1", "ok"),
        ("tgi", "vllm:1", "warning"),
        ("huggingface", TGI_2, "ok"),
        ("messages", TGI_2, "warning"),
        ("raw", "vllm:1", "ok"),
        ("their.module:FORMAT", "vllm:1", "ok"),
        ("messages", "own-container:1", "hint"),
    ],
)
def test_format_fits(configured: str, image: str, level: str) -> None:
    """A format that a container doesn't speak is a warning that names the one it does."""
    found = format_fits(configured, Container(REGISTRY + image), None)
    assert found.level == level
    if level == "warning":
        assert found.advice is not None
        assert "set format: " in found.advice


@pytest.mark.parametrize(
    ("described", "image"),
    [
        ({"PrimaryContainer": {"Image": "a", "Environment": {"A": "1"}}}, "a"),
        ({"Containers": [{"Image": "b"}]}, "b"),
        ({"Containers": [{"Image": "a"}, {"Image": "b"}]}, None),
        ({"PrimaryContainer": {"ModelPackageName": "p"}}, None),
        ({}, None),
    ],
)
def test_container_of_model(described: dict[str, Any], image: str | None) -> None:
    """A model has one container; a pipeline of several, or a package, tells no image."""
    found = container_of_model(described)
    assert (found.image if found else None) == image


def test_container_of_component_and_variant() -> None:
    """A component tells image and variables, a variant its image only; either may tell nothing."""
    container = {"DeployedImage": {"SpecifiedImage": "a"}, "Environment": {"A": "1"}}
    assert container_of_component({"Specification": {"Container": container}}) == Container(
        "a", {"A": "1"}
    )
    assert container_of_component({"Specification": {"ModelName": "m"}}) is None
    images = [{"SpecifiedImage": "v"}]
    described = {"ProductionVariants": [{}, {"DeployedImages": images}]}
    assert container_of_variant(described) == Container("v")
    assert container_of_variant({"ProductionVariants": [{}]}) is None
