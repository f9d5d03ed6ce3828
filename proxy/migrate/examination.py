"""What becomes of each key of a file: read as a start would read it, and told key by key.

Knows the order of things; what a key means is the schema's business, and `differences`'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any, Final

from adapters.deployment.address import parse_model
from proxy.config.document import document
from proxy.config.environment import is_reference
from proxy.config.load import load_tree
from proxy.config.problems import ConfigProblems, Path, Place, Remark, Report, path_text
from proxy.config.source import read_tree
from proxy.config.tree import Node
from proxy.deployments import faults
from proxy.migrate.differences import DIFFERENCES
from proxy.migrate.verdict import SECTIONS, Kind, Verdict

#: What a variable's absence is called; the places of absent keys would all be refused otherwise.
_UNSET: Final = "is not set"
_KINDS: Final[Mapping[Remark, Kind]] = {
    "refused": "refused",
    "doubtful": "refused",
    "unused": "not used",
}
_FOREIGN = "another provider's model: sagegate serves Amazon SageMaker, leave it where it is"


@dataclass(frozen=True, slots=True)
class Examination:
    """What becomes of a file: of each key, and of the whole once every key is good."""

    verdicts: tuple[Verdict, ...]
    #: What is wrong although each key by itself is good, one line each.
    problems: tuple[str, ...] = ()

    @property
    def starts(self) -> bool:
        """Whether sagegate starts with the file, once the variables that it names are set."""
        return not self.problems and all(each.kind != "refused" for each in self.verdicts)

    def document(self) -> dict[str, Any]:
        """Give it for machines."""
        return {
            "starts": self.starts,
            "keys": [each.document() for each in self.verdicts],
            "problems": [*self.problems],
        }


def examined(path: File, environ: Mapping[str, str]) -> Examination:
    """Tell what becomes of a configuration file.

    Args:
        path: LiteLLM's file.
        environ: What `os.environ/NAME` refers to; names that are not there are told.

    Raises:
        ConfigProblems: the file can't be read at all.
    """
    report = Report(lenient=True)
    root = read_tree(document(path, environ), environ, report)
    if root is None:
        raise report.error()
    kept, foreign = _parted(root)
    problems: tuple[str, ...] = ()
    with suppress(ConfigProblems):  # the report has them all, each at its place
        loaded = load_tree(kept, environ, report)
        found = faults(loaded.config, {**environ, **loaded.exports})
        problems = loaded.located(found).lines if found else ()
    judged = [*_judged(root, report), *((each.place, "refused", _FOREIGN) for each in foreign)]
    return Examination(tuple(_gathered(judged)), problems)


def _parted(root: Node) -> tuple[Node, list[Node]]:
    """Give the tree without other providers' models, and those models."""
    models = root.mapping.get("model_list")
    foreign = [] if models is None else [each for each in models.items if _is_foreign(each)]
    if models is None or not foreign:
        return root, []
    own = models.holding([each for each in models.items if each not in foreign])
    return root.holding({**root.mapping, "model_list": own}), foreign


def _is_foreign(entry: Node) -> bool:
    params = entry.mapping.get("litellm_params", entry).mapping
    model, provider = params.get("model"), params.get("custom_llm_provider")
    if model is None or not isinstance(model.value, str) or is_reference(model):
        return False
    if provider is not None:
        return not str(provider.value).startswith("sagemaker")
    try:
        parse_model(model.value)
    except ValueError:
        return not model.value.startswith("sagemaker")
    return False


def _judged(root: Node, report: Report) -> Iterator[tuple[Place, Kind, str]]:
    """Give a verdict on each key that was written down, in the files' order."""
    remarks: dict[Path, list[tuple[Place, Remark, str]]] = defaultdict(list)
    for place, remark, text in report.remarks():
        remarks[place.path].append((place, remark, text))
    for section, key, node in _keys(root, "root"):
        said = remarks.pop(node.place.path, [])
        note = DIFFERENCES.get(section, {}).get(key, "")
        if not said:
            yield node.place, "different" if note else "honoured", note
        elif is_reference(node) and (unset := [text for _, _, text in said if _UNSET in text]):
            yield node.place, "unset", unset[0]
        else:
            for _, remark, text in said:
                yield node.place, _KINDS[remark], text
    for said in remarks.values():  # of what is missing, or lies deeper
        for place, remark, text in said:
            yield place, _KINDS[remark], text


def _keys(node: Node, section: str) -> Iterator[tuple[str, str, Node]]:
    """Give every key of the sections, but those of other providers' models."""
    for key, child in node.mapping.items():
        if key not in SECTIONS:
            yield section, key, child
        elif child.items:
            for entry in child.items:
                if not _is_foreign(entry):
                    yield from _keys(entry, key)
        else:
            yield from _keys(child, key)


def _gathered(judged: list[tuple[Place, Kind, str]]) -> Iterator[Verdict]:
    """Tell the same verdict on the same key of many entries once."""
    places: dict[tuple[str, Kind, str], list[Place]] = defaultdict(list)
    for place, kind, note in judged:
        places[_pattern(place), kind, note].append(place)
    for (key, kind, note), found in places.items():
        where = tuple(f"{each.file}:{each.line}" for each in found)
        yield Verdict(key=key, kind=kind, note=note, where=where)


def _pattern(place: Place) -> str:
    """Spell a path with `[]` for every index."""
    text = path_text(place.path)
    for step in place.path:
        if isinstance(step, int):
            text = text.replace(f"[{step}]", "[]", 1)
    return text or place.file
