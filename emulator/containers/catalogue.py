"""Which behaviour stands behind which kind of endpoint."""

from collections.abc import Callable, Mapping
from typing import Any

from emulator.containers.base import Behaviour
from emulator.containers.cohere import Cohere
from emulator.containers.custom import Custom
from emulator.containers.embeddings import Embeddings
from emulator.containers.llama2 import Llama2
from emulator.containers.lmi import Lmi
from emulator.containers.lmi_static import LmiStatic
from emulator.containers.messages import Messages
from emulator.containers.nova import Nova
from emulator.containers.rerank import Rerank
from emulator.containers.tgi import Tgi
from emulator.containers.voyage import Voyage
from emulator.endpoints import EmbeddingsEndpoint, Endpoint

#: Each is built from the settings of its own kind, as the schema's discriminator says.
_BEHAVIOURS: Mapping[str, Callable[[Any], Behaviour]] = {
    "tgi": Tgi,
    "lmi": Lmi,
    "lmi_static": LmiStatic,
    "llama2": Llama2,
    "custom": Custom,
    "messages": Messages,
    "nova": Nova,
    "embeddings": Embeddings,
    "rerank": Rerank,
}
_VENDORS: Mapping[str, Callable[[EmbeddingsEndpoint], Behaviour]] = {
    "cohere": Cohere,
    "voyage": Voyage,
}


def behaviour(endpoint: Endpoint) -> Behaviour:
    """The built-in container of an endpoint; a real container has none."""
    if isinstance(endpoint, EmbeddingsEndpoint) and endpoint.vendor:
        return _VENDORS[endpoint.vendor](endpoint)
    return _BEHAVIOURS[endpoint.kind](endpoint)
