"""AWS's partitions, and the host names of SageMaker's services in them.

Knows patterns of regions and suffixes of hosts, the FIPS and dual-stack ones too. Everything here
runs at start-up.

Source: botocore's rules of `sagemaker-runtime`, with which a test compares every partition.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from adapters.errors import ConfigError
from adapters.value import value

#: SageMaker Runtime, and SageMaker's control plane.
Service = Literal["runtime", "api"]


@value(frozen=True, slots=True)
class Partition:
    """A part of AWS whose hosts end alike."""

    name: str
    regions: re.Pattern[str]
    suffix: str
    dualstack_suffix: str


_COMMERCIAL: Final = Partition(
    "aws", re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+"), "amazonaws.com", "api.aws"
)
_GOVERNMENT: Final = Partition(
    "aws-us-gov", re.compile(r"us-gov-\w+-\d+"), "amazonaws.com", "api.aws"
)
_PARTITIONS: Final = (
    _COMMERCIAL,
    _GOVERNMENT,
    Partition(
        "aws-cn", re.compile(r"cn-\w+-\d+"), "amazonaws.com.cn", "api.amazonwebservices.com.cn"
    ),
    Partition(
        "aws-eusc", re.compile(r"eusc-de-\w+-\d+"), "amazonaws.eu", "api.amazonwebservices.eu"
    ),
    Partition("aws-iso", re.compile(r"us-iso-\w+-\d+"), "c2s.ic.gov", "api.aws.ic.gov"),
    Partition("aws-iso-b", re.compile(r"us-isob-\w+-\d+"), "sc2s.sgov.gov", "api.aws.scloud"),
    Partition(
        "aws-iso-e", re.compile(r"eu-isoe-\w+-\d+"), "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"
    ),
    Partition("aws-iso-f", re.compile(r"us-isof-\w+-\d+"), "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
)


def partition_of(region: str) -> Partition | None:
    """Give a region's partition; None where its name is like no partition's."""
    return next((each for each in _PARTITIONS if each.regions.fullmatch(region)), None)


def service_host(
    service: Service, region: str, *, fips: bool = False, dualstack: bool = False
) -> str:
    """Give the public host name of one of SageMaker's services in a region.

    Regions that are like no partition's, future ones, are commercial; but where FIPS or dual-stack
    hosts of such a region are, nobody knows.

    Args:
        service: Which one.
        region: Its region.
        fips: The host that speaks FIPS 140 validated cryptography.
        dualstack: The host that has IPv6 addresses too.

    Raises:
        ConfigError: the region's partition is not known; `path` is the setting that needs it.
    """
    partition = partition_of(region)
    if partition is None:
        if fips or dualstack:
            key = "use_fips_endpoint" if fips else "use_dualstack_endpoint"
            raise ConfigError(
                f"the {_kind(fips=fips, dualstack=dualstack)} hosts of {region} are not known: "
                "name the host with sagemaker_base_url, without this setting",
                path=(key,),
            )
        partition = _COMMERCIAL
    if dualstack:
        name = "sagemaker-fips" if fips else "sagemaker"
        return f"{service}.{name}.{region}.{partition.dualstack_suffix}"
    return f"{_plain_name(service, partition, fips=fips)}.{region}.{partition.suffix}"


def _plain_name(service: Service, partition: Partition, *, fips: bool) -> str:
    """Give what stands before the region in a host that is not dual-stack."""
    # In GovCloud, Runtime's every host is a FIPS one.
    if not fips or (partition is _GOVERNMENT and service == "runtime"):
        return f"{service}.sagemaker"
    own_way = partition in {_COMMERCIAL, _GOVERNMENT}
    return f"{service}-fips.sagemaker" if own_way else f"{service}.sagemaker-fips"


def _kind(*, fips: bool, dualstack: bool) -> str:
    return " and ".join([*["FIPS"] * fips, *["dual-stack"] * dualstack])
