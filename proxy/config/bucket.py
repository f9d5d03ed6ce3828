"""A configuration that is an object of an S3 bucket.

A composition root: the environment says who reads it and through which network, as it does for a
model that brings no settings of its own. Knows names and words; what S3 is asked is
`adapters.sagemaker.bucket`'s.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Mapping
from dataclasses import field, replace

from adapters.errors import ConfigError, UpstreamError
from adapters.sagemaker.bucket import read_object
from adapters.sagemaker.network import read_network
from adapters.sagemaker.settings import read_aws_settings
from adapters.value import value
from proxy.config.document import BUCKET_SCHEME, Unreadable

#: What S3 calls its refusals: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_WORDS = {
    "NoSuchKey": "there is no such object",
    "NoSuchBucket": "there is no such bucket",
    "AccessDenied": (
        "AWS denies it: s3:GetObject on the object is needed, with a customer's key also "
        "kms:Decrypt (without s3:ListBucket, an object that is not there is denied too)"
    ),
}


@value(frozen=True, slots=True)
class Object:
    """An object of a bucket."""

    bucket: str
    key: str
    environ: Mapping[str, str] = field(repr=False, compare=False)

    @classmethod
    def named(cls, url: str, environ: Mapping[str, str]) -> Object:
        """Give the object of `s3://BUCKET/KEY`."""
        bucket, _, key = url.removeprefix(BUCKET_SCHEME).partition("/")
        return cls(bucket, key, environ)

    @property
    def name(self) -> str:
        """Its URL."""
        return f"{BUCKET_SCHEME}{self.bucket}/{self.key}"

    @property
    def identity(self) -> str:
        """Its URL: an object has one name."""
        return self.name

    def read(self) -> bytes:
        """Read it; see `Document`. Not to be called on an event loop's thread."""
        if not self.bucket or not self.key:
            raise Unreadable("expected s3://BUCKET/KEY")
        try:
            network = read_network(self.environ, ssl_verify=True)
            settings = read_aws_settings({}, self.environ)
            reading = read_object(self.bucket, self.key, settings, network, self.environ)
            return asyncio.run(reading)
        except UpstreamError as error:
            told = error.detail or error.message
            raise Unreadable(_WORDS.get(error.code or "", f"can't be read: {told}")) from error
        except ConfigError as error:
            raise Unreadable(f"can't be read: {error.message}") from error

    def beside(self, name: str) -> Object:
        """Give another object of the bucket, relative to this one's folder."""
        key = posixpath.normpath(posixpath.join(posixpath.dirname(self.key), name))
        return replace(self, key=key.lstrip("/"))
