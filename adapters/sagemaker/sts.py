"""The three calls of AWS's Security Token Service that an identity may need.

Knows their parameters and how an answer becomes credentials; refuses to know when they are made.

Calls: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html,
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html and
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.errors import UpstreamError
from adapters.sagemaker.aws_library import open_session
from adapters.sagemaker.credentials import Credentials, Issued
from adapters.sagemaker.identity import Role, Sts, WebIdentity
from adapters.sagemaker.network import DIRECT, Network
from adapters.sagemaker.refreshing import explained, unavailable

_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 10
_TRIES: Final = 2


async def assume_role(
    role: Role, signer: Credentials, session_name: str, network: Network = DIRECT
) -> Issued:
    """Call AssumeRole.

    Raises:
        UpstreamError: there is no answer, or a refusal; `code` is AWS's name for it.
    """
    request: dict[str, Any] = {"RoleArn": role.arn.text, "RoleSessionName": session_name}
    if role.external_id is not None:
        request["ExternalId"] = role.external_id
    if role.tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in role.tags]
    return _issued(await _ask(role.sts, network, signer, "assume_role", request))


async def assume_role_with_web_identity(
    identity: WebIdentity, token: str, session_name: str, network: Network = DIRECT
) -> Issued:
    """Call AssumeRoleWithWebIdentity, which is not signed, and has neither external id nor tags.

    Without a session policy either: the session may do all that the role may.

    Raises:
        UpstreamError: there is no answer, or a refusal; `code` is AWS's name for it.
    """
    request = {
        "RoleArn": identity.arn.text,
        "RoleSessionName": session_name,
        "WebIdentityToken": token,
    }
    operation = "assume_role_with_web_identity"
    return _issued(await _ask(identity.sts, network, None, operation, request))


async def caller_arn(sts: Sts, signer: Credentials, network: Network = DIRECT) -> str:
    """Call GetCallerIdentity, which needs no permission.

    Raises:
        UpstreamError: there is no answer, or a refusal; `code` is AWS's name for it.
    """
    answer = await _ask(sts, network, signer, "get_caller_identity", {})
    return str(answer.get("Arn", ""))


async def _ask(
    sts: Sts,
    network: Network,
    signer: Credentials | None,
    operation: str,
    request: Mapping[str, Any],
) -> Mapping[str, Any]:
    session = await open_session(sts.region, network=network)
    from aiobotocore.config import AioConfig  # noqa: PLC0415 - see `aws_library`
    from botocore import UNSIGNED  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    config = AioConfig(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        signature_version=UNSIGNED if signer is None else None,
    )
    keys = {} if signer is None else _keys(signer)
    client = session.client(
        "sts", region_name=sts.region, endpoint_url=sts.url, config=config, **keys
    )
    try:
        async with client as caller:
            answer: Mapping[str, Any] = await getattr(caller, operation)(**request)
    except (BotoCoreError, ClientError) as error:
        raise explained(error) from error
    return answer


def _keys(signer: Credentials) -> dict[str, str | None]:
    return {
        "aws_access_key_id": signer.access_key,
        "aws_secret_access_key": signer.secret_key,
        "aws_session_token": signer.token,
    }


def _issued(answer: Mapping[str, Any]) -> Issued:
    try:
        given = answer["Credentials"]
        triple = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return Issued(Credentials(*triple), given["Expiration"].timestamp())
    except (KeyError, TypeError, AttributeError):
        raise _without_credentials() from None  # the cause may hold half of them


def _without_credentials() -> UpstreamError:
    return unavailable(
        "The gateway can't get its AWS credentials.",
        detail="the answer of the security token service has no complete credentials in it",
    )
