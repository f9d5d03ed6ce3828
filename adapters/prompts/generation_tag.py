"""The `generation` tag of Hugging Face's chat templates: it marks what the model says.

Training wants the mark; a prompt does not, so the tag's contents are written as they are.
Source: https://huggingface.co/docs/transformers/chat_templating_writing
"""

from __future__ import annotations

from typing import Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser


class GenerationTag(Extension):
    """`{% generation %}...{% endgeneration %}`."""

    tags = {"generation"}  # noqa: RUF012 - Jinja's own attribute

    def parse(self, parser: Parser) -> list[Any]:
        """Give what stands between the two tags."""
        next(parser.stream)
        found: list[nodes.Node] = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return found
