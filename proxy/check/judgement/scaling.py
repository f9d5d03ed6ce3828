"""Whether a component that may scale to zero ever wakes up again.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.base import Json
from proxy.check.finding import Finding

_METRIC: Final = "NoCapacityInvocationFailures"


def may_sleep(target: Json | None, described: Json) -> bool:
    """Whether a component may be, or is, without copies."""
    copies = described.get("RuntimeConfig", {})
    now = {copies.get("CurrentCopyCount"), copies.get("DesiredCopyCount")}
    return 0 in now or (target is not None and target.get("MinCapacity") == 0)


def wake_alarms(policies: Sequence[Json]) -> list[str]:
    """Give the names of the alarms that step policies wait for."""
    steps = (each for each in policies if each.get("PolicyType") == "StepScaling")
    return [alarm["AlarmName"] for step in steps for alarm in step.get("Alarms", [])]


def wakes(component: str, alarms: Sequence[Json]) -> Finding:
    """Judge the alarms of a component that may sleep."""
    watching = [each for each in alarms if _METRIC in _metrics(each)]
    if not watching:
        return Finding(
            level="warning",
            check="wake_up",
            text="the component may scale to zero, and nothing would start it again",
            advice=f"Give inference-component/{component} a step scaling policy that adds a copy, "
            f"and an alarm for it on the metric {_METRIC} (AWS/SageMaker, dimension "
            f"InferenceComponentName={component}).",
        )
    if not any(each.get("ActionsEnabled") for each in watching):
        name = watching[0]["AlarmName"]
        return Finding(
            level="warning",
            check="wake_up",
            text=f"the component may scale to zero, and the actions of the alarm {name} are off",
            advice=f"aws cloudwatch enable-alarm-actions --alarm-names {name}",
        )
    return Finding(
        level="ok", check="wake_up", text="an alarm starts the component when a call finds no copy"
    )


def _metrics(alarm: Json) -> set[str | None]:
    """Give what an alarm watches: one metric, or several in an expression."""
    named = {alarm.get("MetricName")}
    for each in alarm.get("Metrics", []):
        named.add(each.get("MetricStat", {}).get("Metric", {}).get("MetricName"))
    return named
