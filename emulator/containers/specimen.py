"""The smallest honest value that fits a JSON schema: tool arguments and structured answers.

Knows the keywords that function schemas use. Refuses references and combinations: they give null.
"""

from collections.abc import Mapping
from typing import Any

_PLAIN: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True}


def specimen(schema: Mapping[str, Any]) -> Any:
    """A value that fits the schema; every property of an object is present."""
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        return {name: specimen(inner) for name, inner in properties.items()}
    if kind == "array":
        return [specimen(schema.get("items", {}))]
    return _PLAIN.get(str(kind))
