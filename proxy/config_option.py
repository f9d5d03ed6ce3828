"""`--config` of every command: a file, an object of S3, or what the environment names.

LiteLLM's variables for a bucket win over `CONFIG_FILE_PATH`, which an image sets for everybody; the
command line wins over both. https://docs.litellm.ai/docs/proxy/deploy
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import click

from proxy.cannot_start import CannotUse
from proxy.config.document import BUCKET_SCHEME

_BUCKET = "LITELLM_CONFIG_BUCKET_NAME"
_KEY = "LITELLM_CONFIG_BUCKET_OBJECT_KEY"
_TYPE = "LITELLM_CONFIG_BUCKET_TYPE"


class ConfigOption(click.Option):
    """The option; give it `envvar="CONFIG_FILE_PATH"`."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Give what the environment names, if anything."""
        return configured_object(os.environ) or super().resolve_envvar_value(ctx)


def configured_object(environ: Mapping[str, str]) -> str | None:
    """Give the URL of the object that the environment names; None when it names no bucket.

    Raises:
        CannotUse: it names half of one, or a bucket that is not S3's.
    """
    bucket, key = environ.get(_BUCKET), environ.get(_KEY)
    if not bucket:
        return None
    if not key:
        raise CannotUse(f"{_BUCKET} needs {_KEY}")
    if environ.get(_TYPE, "s3").lower() not in {"", "s3"}:
        raise CannotUse(f"{_TYPE}: only s3 is supported")
    return f"{BUCKET_SCHEME}{bucket}/{key}"
