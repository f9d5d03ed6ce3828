"""The exceptions that end a command with a clear line instead of a traceback."""

from __future__ import annotations

from typing import IO, Any

import click


class CannotStart(click.ClickException):
    """Something stands in the way; the text says what, and what to do. The exit code is 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the text as it is."""
        click.echo(self.message, file=file, err=True)


class CannotUse(CannotStart):
    """The arguments don't fit together; the exit code is 2, as for other wrong arguments."""

    exit_code = 2
