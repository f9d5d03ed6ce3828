"""The image of a typical container of each kind, and its variables.

Names as AWS's own registries have them: https://github.com/aws/deep-learning-containers and
https://docs.djl.ai/master/docs/serving/serving/docs/lmi/
"""

from collections.abc import Mapping

from emulator.endpoints import Endpoint

_AWS = "763104351884.dkr.ecr.{region}.amazonaws.com/"
_OWN = "{account}.dkr.ecr.{region}.amazonaws.com/"
_IMAGES = {
    "tgi": _AWS + "huggingface-pytorch-tgi-inference:2.4.0-tgi2.4.0-gpu-py311-cu124-ubuntu22.04",
    "lmi": _AWS + "djl-inference:0.33.0-lmi15.0.0-cu128",
    "lmi_static": _AWS + "djl-inference:0.33.0-lmi15.0.0-cu128",
    "llama2": _AWS + "djl-inference:0.23.0-deepspeed0.9.5-cu118",
    "messages": _AWS + "vllm:0.11.0-gpu-py312-cu129-ubuntu22.04-sagemaker",
    "embeddings": _AWS + "tei:2.0.1-tei1.7.0-gpu-py310-cu122-ubuntu22.04",
    "rerank": _AWS + "tei:2.0.1-tei1.7.0-gpu-py310-cu122-ubuntu22.04",
    "nova": _OWN + "nova-inference-repo:SM-Inference-latest",
}
_OTHER = _OWN + "own-container:latest"
_ENVIRONMENTS: Mapping[str, Mapping[str, str]] = {
    "lmi": {"OPTION_ROLLING_BATCH": "vllm"},
    "lmi_static": {"OPTION_ROLLING_BATCH": "disable"},
}


def image_of(endpoint: Endpoint, region: str, account: str) -> str:
    """The image that was set, or the kind's."""
    image = endpoint.image or _IMAGES.get(endpoint.kind, _OTHER)
    return image.replace("{region}", region).replace("{account}", account)


def environment_of(endpoint: Endpoint) -> dict[str, str]:
    """The kind's variables, and over them those that were set."""
    messages = {"MESSAGES_API_ENABLED": "true"} if _chats(endpoint) else {}
    return {**_ENVIRONMENTS.get(endpoint.kind, {}), **messages, **endpoint.environment}


def _chats(endpoint: Endpoint) -> bool:
    return endpoint.kind == "tgi" and endpoint.flavour == "messages"
