"""The one exception that ends the command with a clear line instead of a traceback."""

from __future__ import annotations


class CannotStart(Exception):
    """Something outside the configuration stands in the way; the text says what, and what to do."""
