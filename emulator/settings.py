"""What an emulator serves: regions, credentials, endpoints. Built in, or read from a small YAML.

Knows the schema and its messages; the kinds of endpoint are in `endpoints`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    AnyHttpUrl,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)

from emulator.endpoints import (
    EmbeddingsEndpoint,
    Endpoint,
    MessagesEndpoint,
    TgiEndpoint,
)
from emulator.managed import Name, Policy
from emulator.strict import Strict

#: The largest request body in the service model: 6 MiB.
BODY_LIMIT = 6_291_456
#: AWS's documentation account, and AWS's documentation credentials.
ACCOUNT = "111122223333"
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105  # AWS's published example


class SettingsError(Exception):
    """A configuration file that can't be used; the text is one line a fault."""


class Credential(Strict):
    """A key that may sign.

    Attributes:
        session_token: Makes it a temporary key: requests must carry exactly this token.
        expired: Makes every use of it an `ExpiredTokenException`.
        user: Who AWS says that the signer is: the last part of an STS ARN.
    """

    access_key: str
    secret_key: SecretStr
    session_token: str | None = None
    expired: bool = False
    user: str = "assumed-role/emulator/session"


def _demo_endpoints() -> dict[str, Endpoint]:
    return {
        "demo-tgi": TgiEndpoint(kind="tgi"),
        "demo-chat": MessagesEndpoint(kind="messages"),
        "demo-embed": EmbeddingsEndpoint(kind="embeddings"),
        "demo-no-stream": TgiEndpoint(kind="tgi", streaming=False),
        "demo-components": MessagesEndpoint(
            kind="messages", inference_components=("demo-component",)
        ),
    }


class Settings(Strict):
    """Everything that an emulator needs to know.

    Attributes:
        regions: The regions that a signature may be scoped to.
        account: The account id in ARNs and texts.
        body_limit: The largest request body, bytes.
        journal: How many requests are kept for `/_emulator/requests`.
        answer_seconds: AWS's wall for a container's answer, or its first byte when streaming.
        stream_seconds: AWS's wall for a whole stream.
        clock_ahead: Seconds that AWS's clock, in `Date` and for signatures, is ahead of this one.
        policy: What callers may do on the control plane, and what IAM's simulation says.
        credentials: The keys that may sign.
        endpoints: The endpoints by name; the demo ones unless given.
        container: Serves every endpoint that is not in `endpoints`.
    """

    regions: tuple[str, ...] = Field(default=("us-east-1",), min_length=1)
    account: Annotated[str, Field(pattern=r"^\d{12}$")] = ACCOUNT
    body_limit: PositiveInt = BODY_LIMIT
    journal: PositiveInt = 100
    answer_seconds: PositiveFloat = 60.0
    stream_seconds: PositiveFloat = 480.0
    clock_ahead: float = 0.0
    policy: Policy = Policy()
    credentials: tuple[Credential, ...] = Field(
        default=(Credential(access_key=ACCESS_KEY, secret_key=SecretStr(SECRET_KEY)),),
        min_length=1,
    )
    endpoints: dict[Name, Endpoint] = Field(default_factory=_demo_endpoints)
    container: AnyHttpUrl | None = None

    @model_validator(mode="before")
    @classmethod
    def _container_replaces_demo(cls, given: object) -> object:
        """With a real container and no endpoints of one's own, nothing but it is served."""
        if isinstance(given, dict) and given.get("container") and "endpoints" not in given:
            return {**given, "endpoints": {}}
        return given


def load(path: Path, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Reads a YAML file; `overrides` stand in the place of its top-level keys.

    Raises:
        SettingsError: The file can't be read, is not YAML, or does not fit the schema.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as cause:
        raise SettingsError(f"{path}: {cause}") from cause
    if content is None:
        content = {}
    if isinstance(content, dict):
        content = {**content, **(overrides or {})}
    return parse(content, str(path))


def parse(content: object, source: str) -> Settings:
    """Validates configuration; `source` names it in messages.

    Raises:
        SettingsError: It does not fit the schema.
    """
    try:
        return Settings.model_validate(content)
    except ValidationError as cause:
        lines = (
            f"{source}: {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in cause.errors(include_url=False, include_input=False)
        )
        raise SettingsError("\n".join(lines)) from cause
