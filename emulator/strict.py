"""The base of every part of the configuration."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A part of the configuration: immutable, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
