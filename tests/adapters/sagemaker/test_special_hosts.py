"""FIPS and dual-stack hosts: AWS's own rules, and who asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider

from adapters.errors import ConfigError
from adapters.sagemaker.partitions import Service, partition_of, service_host
from adapters.sagemaker.settings import read_aws_settings

REGIONS = (
    "us-east-1",
    "ap-southeast-2",
    "mx-central-1",
    "us-gov-west-1",
    "cn-north-1",
    "eusc-de-east-1",
    "us-iso-east-1",
    "us-isob-east-1",
    "eu-isoe-west-1",
    "us-isof-south-1",
)
FIPS = "https://runtime-fips.sagemaker.us-east-1.amazonaws.com"
DUALSTACK = "https://runtime.sagemaker.us-east-1.api.aws"


@pytest.fixture(scope="module")
def rules() -> Mapping[str, EndpointProvider]:
    """AWS's published rules for the hosts of both services."""
    loader = botocore.session.get_session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    return {
        service: EndpointProvider(
            loader.load_service_model(name, "endpoint-rule-set-1"), partitions
        )
        for service, name in (("runtime", "sagemaker-runtime"), ("api", "sagemaker"))
    }


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("fips", [False, True], ids=["", "fips"])
@pytest.mark.parametrize("dualstack", [False, True], ids=["", "dualstack"])
@pytest.mark.parametrize("service", get_args(Service))
def test_hosts_are_those_of_awss_own_rules(
    rules: Mapping[str, EndpointProvider],
    region: str,
    fips: bool,
    dualstack: bool,
    service: Service,
) -> None:
    """In every partition, with every option, the host is the one that botocore finds."""
    expected = rules[service].resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dualstack)
    host = service_host(service, region, fips=fips, dualstack=dualstack)
    assert f"https://{host}" == expected.url
    assert partition_of(region) is not None


@pytest.mark.parametrize(
    ("params", "environ", "url"),
    [
        ({}, {}, None),
        ({"use_fips_endpoint": True}, {}, FIPS),
        ({"use_dualstack_endpoint": True}, {}, DUALSTACK),
        ({}, {"AWS_USE_FIPS_ENDPOINT": "true"}, FIPS),
        ({}, {"AWS_USE_FIPS_ENDPOINT": "True"}, FIPS),
        ({}, {"AWS_USE_FIPS_ENDPOINT": "false"}, None),
        ({}, {"AWS_USE_FIPS_ENDPOINT": ""}, None),
        ({}, {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, DUALSTACK),
        ({"use_fips_endpoint": False}, {"AWS_USE_FIPS_ENDPOINT": "true"}, None),
        (
            {"use_fips_endpoint": False, "sagemaker_base_url": "http://h"},
            {"AWS_USE_FIPS_ENDPOINT": "true"},
            "http://h",
        ),
    ],
)
def test_the_deployment_goes_before_the_environment(
    params: dict[str, object], environ: dict[str, str], url: str | None
) -> None:
    """A deployment's own word wins, also where it says no."""
    read = read_aws_settings({"aws_region_name": "us-east-1", **params}, environ)
    assert read.base_url == url


@pytest.mark.parametrize(
    ("params", "environ", "key"),
    [
        ({"use_fips_endpoint": True, "api_base": "http://h"}, {}, "use_fips_endpoint"),
        (
            {"use_dualstack_endpoint": True},
            {"AWS_ENDPOINT_URL": "http://h"},
            "use_dualstack_endpoint",
        ),
        ({"base_url": "http://h"}, {"AWS_USE_FIPS_ENDPOINT": "true"}, "use_fips_endpoint"),
        ({}, {"AWS_USE_FIPS_ENDPOINT": "yes"}, "use_fips_endpoint"),
        (
            {"aws_region_name": "xx-future-9", "use_fips_endpoint": True},
            {},
            "use_fips_endpoint",
        ),
        (
            {"aws_region_name": "xx-future-9", "use_dualstack_endpoint": True},
            {},
            "use_dualstack_endpoint",
        ),
    ],
)
def test_what_has_no_host_is_refused(
    params: dict[str, object], environ: dict[str, str], key: str
) -> None:
    """Two ways of choosing a host, and hosts that nobody knows, are errors at start."""
    with pytest.raises(ConfigError) as caught:
        read_aws_settings({"aws_region_name": "us-east-1", **params}, environ)
    assert caught.value.path == (key,)
    if params.get("aws_region_name") == "xx-future-9":
        assert "xx-future-9" in caught.value.message
