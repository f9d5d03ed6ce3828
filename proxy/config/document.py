"""Where a configuration is read from: a file, or an object of a bucket.

Knows names and how what can't be read is told; refuses to know YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from adapters.value import value

#: What a document's name begins with when it is an object.
BUCKET_SCHEME = "s3://"


class Unreadable(Exception):
    """A document, or a secret's file, that can't be read; the text says why, in a few words."""


class Document(Protocol):
    """One text of a configuration."""

    @property
    def name(self) -> str:
        """What the operator calls it."""
        ...

    @property
    def identity(self) -> str:
        """Equal for two names of the same text, so that nothing includes itself."""
        ...

    def read(self) -> bytes:
        """Read it.

        Raises:
            Unreadable: it is not there, or can't be had.
        """
        ...

    def beside(self, name: str) -> Document:
        """Give another one, by its name relative to this one."""
        ...


@value(frozen=True, slots=True)
class File:
    """A file of this machine."""

    path: Path

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.path)

    @property
    def identity(self) -> str:
        """Its path without links."""
        return str(self.path.resolve())

    def read(self) -> bytes:
        """Read it; see `Document`."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError as error:
            raise Unreadable("there is no such file") from error
        except IsADirectoryError as error:
            raise Unreadable("is a directory, expected a file") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a usable path"
            raise Unreadable(f"can't be read: {reason}") from error

    def beside(self, name: str) -> Document:
        """Give another file; an absolute path stands for itself."""
        return File(self.path.parent / name)


def document(name: str | Path, environ: Mapping[str, str]) -> Document:
    """Give the document of a name; nothing is read yet.

    Args:
        name: A path, or `s3://BUCKET/KEY`.
        environ: Says who reads an object, and how AWS is reached.
    """
    if not isinstance(name, str) or not name.startswith(BUCKET_SCHEME):
        return File(Path(name))
    from proxy.config.bucket import Object  # noqa: PLC0415 - files need nothing of AWS

    return Object.named(name, environ)
