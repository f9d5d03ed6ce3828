"""Who signs for one deployment, read from its settings and checked at start-up.

Knows the names, which of them go together, their order and AWS's limits. Refuses to know YAML and
`os.environ`, and never repeats a value: it may be a secret.

Limits: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from adapters.errors import ConfigError
from adapters.sagemaker.credentials import Credentials
from adapters.sagemaker.identity import (
    AMBIENT,
    Identity,
    Keys,
    Profile,
    Role,
    RoleArn,
    Source,
    Sts,
    WebIdentity,
    WebToken,
)
from adapters.sagemaker.session_tags import read_tags

KEY_SETTINGS: Final = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_BEYOND_KEYS: Final = (
    "aws_session_name",
    "aws_profile_name",
    "aws_role_name",
    "aws_web_identity_token",
    "aws_external_id",
    "aws_session_tags",
)
#: Settings that together say who signs: all of them come from one place.
IDENTITY_KEYS: Final = (*KEY_SETTINGS, *_BEYOND_KEYS)
#: Any of these variables makes the environment say who signs. Keys there are the chain's business.
_NAMING_VARIABLES: Final = ("AWS_ROLE_NAME", "AWS_PROFILE_NAME", "AWS_WEB_IDENTITY_TOKEN")
#: Mean nothing without a role.
_A_ROLES_OWN: Final = (
    "aws_session_name",
    "aws_external_id",
    "aws_session_tags",
    "aws_web_identity_token",
)
#: May have spaces and letters of any script: they name sections and files.
_FREE_TEXTS: Final = frozenset({"aws_profile_name", "aws_web_identity_token"})
_STS_VARIABLES: Final = ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL")

_SESSION_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID: Final = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
#: The region in the host names of STS: `sts.eu-west-1.amazonaws.com`, also behind `vpce-…`.
_STS_HOST: Final = re.compile(r"(?:.+\.)?sts(?:-fips)?\.([a-z]{2,5}(?:-[a-z]+)+-\d+)\..+")
_GLOBAL_STS_HOST: Final = "sts.amazonaws.com"
_GLOBAL_STS_REGION: Final = "us-east-1"
#: Three parts in base64url. The first begins as JSON's `{"` or `{ `; the last may be empty.
_JWT: Final = re.compile(r"e[wy][\w-]*\.[\w-]+\.[\w-]*", re.ASCII)
_NO_SUCH_FORM: Final = (
    "is neither a token (three parts of base64url with dots between) nor an absolute path, "
    "oidc/file/PATH, oidc/env/NAME or oidc/env_path/NAME"
)

#: The settings that say who signs, with whatever values they have.
Named = Mapping[str, object]


def names_identity(environ: Mapping[str, str]) -> bool:
    """Whether the environment names a role, a profile or a web identity in LiteLLM's words."""
    return any(environ.get(name) for name in _NAMING_VARIABLES)


def named_settings(params: Mapping[str, object], environ: Mapping[str, str]) -> Named:
    """Give the settings that say who signs: the deployment's, or else the environment's.

    The two are never mixed: the environment does not complete what a deployment began.
    """
    own = {key: params[key] for key in IDENTITY_KEYS if params.get(key) is not None}
    if own or not names_identity(environ):
        return own
    return {key: environ[key.upper()] for key in _BEYOND_KEYS if environ.get(key.upper())}


def profile_of(named: Named) -> str | None:
    """Give the profile whose files matter; None where the settings name none."""
    return text_of(named, "aws_profile_name")


def read_identity(
    named: Named, params: Mapping[str, object], environ: Mapping[str, str], region: str
) -> Identity:
    """Give the identity: web identity, role, profile, keys, AWS's chain, in this order.

    Args:
        named: What `named_settings` gave.
        params: The deployment's; only `aws_sts_endpoint` is looked at.
        environ: For the endpoint of STS, and what `oidc/env/NAME` refers to.
        region: The deployment's.

    Raises:
        ConfigError: a value has the wrong form, or one of a group is missing; `path` is the key.
    """
    keys = _read_keys(named)
    profile = profile_of(named)
    source: Source = keys or AMBIENT
    role = text_of(named, "aws_role_name")
    if role is None:
        _check_roleless(named)
        return Profile(profile) if profile else source
    if keys is None and profile is not None:
        source = Profile(profile)
    return _with_role(_read_role(role), named, source, _read_sts(params, environ, region), environ)


def _with_role(
    arn: RoleArn, named: Named, source: Source, sts: Sts, environ: Mapping[str, str]
) -> Identity:
    session_name = _checked(named, "aws_session_name", _SESSION_NAME, "2 to 64")
    external_id = _checked(named, "aws_external_id", _EXTERNAL_ID, "2 to 1224")
    tags = read_tags(named.get("aws_session_tags"))
    token = text_of(named, "aws_web_identity_token")
    if token is not None:
        if tags:
            raise _wrong("aws_session_tags", "can't be given: a web identity's are in its token")
        return WebIdentity(
            arn=arn,
            token=_read_token(token, environ),
            sts=sts,
            session_name=session_name,
            external_id_unused=external_id is not None,
        )
    if source == AMBIENT and not tags and _is_pods_role(arn, environ):
        return AMBIENT
    return Role(
        arn=arn,
        source=source,
        sts=sts,
        session_name=session_name,
        external_id=external_id,
        tags=tags,
    )


def _is_pods_role(arn: RoleArn, environ: Mapping[str, str]) -> bool:
    """Whether AWS's chain will be this very role, by a service account's web identity."""
    if environ.get("AWS_ACCESS_KEY_ID") or environ.get("AWS_PROFILE"):
        return False
    ambient = RoleArn.parse(environ.get("AWS_ROLE_ARN", ""))
    return bool(environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")) and arn.same_role(ambient)


def _read_keys(named: Named) -> Keys | None:
    access_key = text_of(named, "aws_access_key_id")
    secret_key = text_of(named, "aws_secret_access_key")
    token = text_of(named, "aws_session_token")
    if access_key is not None and secret_key is not None:
        return Keys(Credentials(access_key, secret_key, token))
    if access_key is not None or secret_key is not None:
        present, missing = "aws_access_key_id", "aws_secret_access_key"
        if access_key is None:
            present, missing = missing, present
        raise ConfigError(f"{present} needs {missing} beside it.", path=(present,))
    if token is not None:
        raise ConfigError(
            "aws_session_token belongs to aws_access_key_id and aws_secret_access_key, "
            "which are missing.",
            path=("aws_session_token",),
        )
    return None


def _check_roleless(named: Named) -> None:
    for key in _A_ROLES_OWN:
        if key in named:
            raise _wrong(key, "belongs to aws_role_name, which is missing")


def _read_role(text: str) -> RoleArn:
    arn = RoleArn.parse(text)
    if arn is None:
        raise _wrong(
            "aws_role_name", "is not a role's ARN; expected arn:aws:iam::123456789012:role/name"
        )
    return arn


def _read_token(text: str, environ: Mapping[str, str]) -> WebToken:
    provider, _, rest = text.removeprefix("oidc/").partition("/")
    if not text.startswith("oidc/"):
        return _plain_token(text)
    if provider == "file":
        return _token_file(rest, "needs an absolute path behind oidc/file/")
    if provider not in {"env", "env_path"}:
        raise _wrong(
            "aws_web_identity_token",
            "names a token provider that is not supported; those are oidc/file/PATH, "
            "oidc/env/NAME and oidc/env_path/NAME",
        )
    value = environ.get(rest)
    if not value:
        raise _wrong("aws_web_identity_token", "names an environment variable that is not set")
    if provider == "env":
        return WebToken(text=value)
    return _token_file(value, "names an environment variable that is not an absolute path")


def _plain_token(text: str) -> WebToken:
    return WebToken(text=text) if _JWT.fullmatch(text) else _token_file(text, _NO_SUCH_FORM)


def _token_file(path: str, problem: str) -> WebToken:
    """Give a token's file; a relative path would depend on where the process was started."""
    if not path.startswith("/"):
        raise _wrong("aws_web_identity_token", problem)
    return WebToken(file=path)


def _read_sts(params: Mapping[str, object], environ: Mapping[str, str], region: str) -> Sts:
    url = text_of(params, "aws_sts_endpoint") or environ.get("AWS_STS_ENDPOINT")
    if not url and environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        url = next(filter(None, map(environ.get, _STS_VARIABLES)), None)
    if not url:
        return Sts(region)
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in {"http", "https"} and parts.port != 0 else None
    except ValueError:
        host = None
    if not host or "@" in url or "?" in url or "#" in url:
        raise _wrong("aws_sts_endpoint", "is not an http or https URL without a user and a query")
    if host == _GLOBAL_STS_HOST:
        return Sts(_GLOBAL_STS_REGION, url)
    match = _STS_HOST.fullmatch(host)
    return Sts(match[1] if match else region, url)


def _checked(named: Named, key: str, form: re.Pattern[str], length: str) -> str | None:
    text = text_of(named, key)
    if text is not None and not form.fullmatch(text):
        marks = form.pattern.partition("{")[0].replace("\\w", "letters, digits, _ and ").strip("[]")
        raise _wrong(key, f"is not as AWS takes it: {length} characters, {marks}")
    return text


def text_of(params: Mapping[str, object], key: str) -> str | None:
    """Give a setting's text, or None where it is not set; never shows it: it may be a secret.

    Raises:
        ConfigError: it is no text that AWS could take; `path` is the key.
    """
    value = params.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ConfigError(f"{key} must be text, not {type(value).__name__}.", path=(key,))
    free = key in _FREE_TEXTS or (value.isascii() and " " not in value)
    if not value or not value.isprintable() or not free:
        problem = "is empty" if not value else "has characters that can't be part of it"
        raise ConfigError(f"{key} {problem}; leave the key out to use the default.", path=(key,))
    return value


def _wrong(key: str, problem: str) -> ConfigError:
    return ConfigError(f"{key} {problem}.", path=(key,))
