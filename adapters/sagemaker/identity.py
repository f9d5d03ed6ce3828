"""Who a deployment signs as: the kinds of identity, compared and kept apart by all of their inputs.

Pure values; how credentials are got for them is in `identities.py`. Their printed forms show no
key, token, external id or account.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Final, TypeAlias

from adapters.sagemaker.credentials import Credentials
from adapters.value import value

#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_ROLE_ARN: Final = re.compile(
    r"arn:(?P<partition>aws[a-z-]{0,20}):iam::(?P<account>\d{12}):role/"
    r"(?:[\x21-\x7e]{1,511}/)?(?P<name>[\w+=,.@-]{1,64})",
    re.ASCII,
)
_SESSION_ARN: Final = re.compile(
    r"arn:(?P<partition>aws[a-z-]{0,20}):sts::(?P<account>\d{12}):assumed-role/"
    r"(?P<name>[\w+=,.@-]{1,64})/[\w+=,.@-]+",
    re.ASCII,
)


@value(frozen=True, slots=True)
class RoleArn:
    """A role's ARN, checked."""

    text: str = field(repr=False)
    partition: str
    account: str = field(repr=False)
    name: str

    @classmethod
    def parse(cls, text: str) -> RoleArn | None:
        """Give the ARN of a role; None where the text is none."""
        match = _ROLE_ARN.fullmatch(text)
        return match and cls(text, **match.groupdict())

    @classmethod
    def of_session(cls, text: str) -> RoleArn | None:
        """Give the role behind a caller's ARN; None where the caller is no role's session."""
        match = _SESSION_ARN.fullmatch(text)
        return match and cls(text, **match.groupdict())

    def same_role(self, other: RoleArn | None) -> bool:
        """Whether both name one role; a caller's ARN does not have the role's path."""
        return other is not None and (
            (self.partition, self.account, self.name)
            == (other.partition, other.account, other.name)
        )


@value(frozen=True, slots=True)
class Sts:
    """Where AWS's Security Token Service is asked."""

    region: str
    #: None stands for the region's own endpoint.
    url: str | None = None


@value(frozen=True, slots=True)
class Keys:
    """Keys that the configuration names."""

    credentials: Credentials

    @property
    def title(self) -> str:
        """What an operator is told."""
        return "static keys"

    @property
    def mark(self) -> str | None:
        """What sets it apart from others, without a secret or an account."""
        return self.credentials.access_key


@value(frozen=True, slots=True)
class Ambient:
    """Whoever AWS's default chain finds."""

    @property
    def title(self) -> str:
        """What an operator is told."""
        return "default AWS chain"

    @property
    def mark(self) -> str | None:
        """What sets it apart from others: nothing."""
        return None


@value(frozen=True, slots=True)
class Profile:
    """A profile of AWS's own files, with the role that it may have."""

    name: str

    @property
    def title(self) -> str:
        """What an operator is told."""
        return f"profile {self.name}"

    @property
    def mark(self) -> str | None:
        """What sets it apart from others, without a secret or an account."""
        return self.title


Source: TypeAlias = Keys | Ambient | Profile


@value(frozen=True, slots=True, kw_only=True)
class Role:
    """A role, assumed by another identity."""

    arn: RoleArn
    source: Source
    sts: Sts
    #: None stands for the process's own name.
    session_name: str | None = None
    external_id: str | None = field(default=None, repr=False)
    #: Pairs of key and value.
    tags: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def title(self) -> str:
        """What an operator is told; without the account."""
        return f"role {self.arn.name}"

    @property
    def mark(self) -> str | None:
        """What sets it apart from others, without a secret or an account."""
        return self.title


@value(frozen=True, slots=True)
class WebToken:
    """An identity provider's token: its text, or the file that has it."""

    text: str | None = field(default=None, repr=False)
    file: str | None = None


@value(frozen=True, slots=True, kw_only=True)
class WebIdentity:
    """A role, assumed with an identity provider's token."""

    arn: RoleArn
    token: WebToken
    sts: Sts
    #: None stands for the process's own name.
    session_name: str | None = None
    #: An external id is configured; AWS takes none with a token.
    external_id_unused: bool = field(default=False, compare=False)

    @property
    def title(self) -> str:
        """What an operator is told; without the account."""
        return f"web identity, role {self.arn.name}"

    @property
    def mark(self) -> str | None:
        """What sets it apart from others, without a secret or an account."""
        return self.title


Identity: TypeAlias = Keys | Ambient | Profile | Role | WebIdentity
AMBIENT: Final = Ambient()
