"""What `transport: openai_path` asks of a deployment: a format that chats in OpenAI's own bodies.

Knows what SageMaker's native OpenAI path can't do; refuses to know how it is called.
"""

from __future__ import annotations

from adapters.base import Format
from adapters.deployment.headers import HEADER_SETTINGS, ClientHeaders
from adapters.deployment.settings import Settings
from adapters.errors import ConfigError
from adapters.passthrough.bridge import CompletionOverChat
from adapters.passthrough.chat import PassThroughChat


def chat_only(spoken: Format) -> Format:
    """Give what is left of a format: chat, and completions over it.

    Raises:
        ConfigError: the format has no chat that a server with `/v1/chat/completions` takes, such as
            vLLM's; Nova's containers are no such servers. `path` is the transport's.
    """
    chat = spoken.chat
    if not isinstance(chat, PassThroughChat) or not chat.fields.names_model:
        raise ConfigError(
            f"openai_path is for chat in OpenAI's own bodies, which the format '{spoken.name}' "
            "does not speak: use sagemaker_chat/ or sagemaker/openai/, or transport: invocations",
            path=("transport",),
        )
    return Format(name=spoken.name, chat=chat, completion=CompletionOverChat(chat))


def check_settings(settings: Settings, clients: ClientHeaders) -> None:
    """Refuse settings that would have no effect.

    Raises:
        ConfigError: they become headers, which AWS does not list for the path.
    """
    useless = [name for name in HEADER_SETTINGS if isinstance(getattr(settings, name), str)]
    if settings.extra_headers:
        useless.append("extra_headers")
    if clients.allowed:
        useless.append("allowed_client_headers")
    if useless:
        raise ConfigError(
            "SageMaker's native OpenAI path takes no X-Amzn-SageMaker headers: leave it out, or "
            "use transport: invocations",
            path=(useless[0],),
        )
