"""What is looked at: the deployments of the configuration, or those that were named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from proxy.cannot_start import CannotUse
from proxy.check.finding import Finding
from proxy.check.row import Row, row_of
from proxy.deployments import Deployment
from proxy.wildcards.sample import Sample
from proxy.wildcards.served import Served, served_as


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One deployment, or one wildcard, and its row."""

    row: Row
    deployment: Deployment
    #: The wildcard that serves it, where it was asked for by its own name.
    served_by: Sample | None = None

    def doubts(self, environ: Mapping[str, str]) -> Iterator[Finding]:
        """Tell what this machine can see without AWS: it may be right on another one."""
        aws = self.deployment.composed.aws
        if not aws.region_known:
            yield Finding(
                level="warning",
                check="region",
                text=f"{aws.region} is like no region that is known",
                advice="Regions look like eu-west-1: check the spelling.",
            )
        if aws.external_id_unused:
            yield Finding(
                level="warning",
                check="identity",
                text="aws_external_id has no effect beside aws_web_identity_token",
                advice="Leave it out: AWS takes none there. The role's trust policy can check the "
                "token's claims.",
            )
        for text, advice in aws.absent(environ):
            yield Finding(level="warning", check="identity", text=text, advice=advice)


def subjects(
    built: Sequence[Deployment], models: Sequence[str], environ: Mapping[str, str]
) -> list[Subject]:
    """Give what to look at, in the configuration's order, or in that of the names.

    Raises:
        CannotUse: a name that nothing serves.
    """
    if not models:
        return [_subject(Served(each), environ) for each in built]
    return [
        _subject(served, environ)
        for model in dict.fromkeys(models)
        for served in asked_for(built, model)
    ]


def found(sample: Sample, captured: str, environ: Mapping[str, str]) -> Subject:
    """Give what a wildcard has turned out to stand for."""
    deployment = sample.deployment(captured)
    return Subject(
        row=row_of(deployment, environ, wildcard=sample.entry.model), deployment=deployment
    )


def asked_for(built: Sequence[Deployment], model: str) -> tuple[Served, ...]:
    """Give what serves a name that was given on the command line.

    Raises:
        CannotUse: nothing does.
    """
    served = served_as(built, model)
    if not served:
        names = ", ".join(dict.fromkeys(each.model for each in built))
        raise CannotUse(f"--model {model}: there is no such model; there are: {names}")
    return served


def _subject(served: Served, environ: Mapping[str, str]) -> Subject:
    sample = served.sample
    wildcard = None if sample is None else sample.entry.model
    return Subject(
        row=row_of(served.deployment, environ, wildcard=wildcard),
        deployment=served.deployment,
        served_by=sample,
    )
