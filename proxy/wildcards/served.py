"""What a public name stands for by the configuration alone; no account is asked."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.value import value
from proxy.deployments import Deployment
from proxy.wildcards.sample import Sample, fitting


@value(frozen=True, slots=True)
class Served:
    """A deployment, and where a wildcard made it, that wildcard's sample."""

    deployment: Deployment
    sample: Sample | None = None


def served_as(built: Sequence[Deployment], model: str) -> tuple[Served, ...]:
    """Give what answers under a public name: the entries of that name, else what wildcards make.

    Args:
        built: All of a configuration's deployments, wildcards among them.
        model: The name; that of a wildcard itself gives its entries.
    """
    named = tuple(Served(each) for each in built if each.model == model)
    if named:
        return named
    samples, captured = fitting((Sample.of(each) for each in built if each.params.wildcard), model)
    return tuple(
        Served(each.deployment(captured), each) for each in samples if each.admits(captured)
    )
