"""What the image says of itself."""

from __future__ import annotations

import re
from typing import Any

from tests.test_dockerfile import PROJECT, all_of, stages

PACKAGE: dict[str, Any] = PROJECT["project"]


def test_the_labels_are_ocis() -> None:
    """Each name is one of the annotations that OCI has defined, and what a build knows is told.

    https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """
    final = stages()[-1]
    (text,) = all_of(final, "LABEL")
    labels = dict(re.findall(r'([\w.]+)="([^"]*)"', text))
    prefix = "org.opencontainers.image."
    assert {name.removeprefix(prefix) for name in labels} == {
        *("title", "description", "licenses", "version", "revision", "created", "source"),
        "base.name",
    }
    assert labels[f"{prefix}licenses"] == PACKAGE["license"]
    assert labels[f"{prefix}description"] == PACKAGE["description"]
    arguments = {each.split("=")[0] for each in all_of(final, "ARG")}
    assert set(re.findall(r"\$\{(\w+)\}", text)) == arguments
