"""Whether what an identity is read from is on this machine; AWS is not asked.

It may well be elsewhere: the machine that looks need not be the one that serves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from adapters.sagemaker.identity import Identity, Profile, Role, WebIdentity
from adapters.sagemaker.region import has_profile


def absent(identity: Identity, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give what an identity names that is not here, each with what to look at.

    Args:
        identity: Who signs.
        environ: Says where AWS's files are.
    """
    source = identity.source if isinstance(identity, Role) else identity
    if isinstance(source, Profile) and not has_profile(source.name, environ):
        yield (
            f"the profile {source.name} is in none of AWS's files on this machine",
            "Check aws_profile_name, AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.",
        )
    file = identity.token.file if isinstance(identity, WebIdentity) else None
    if file is not None and not os.access(file, os.R_OK):
        yield (
            f"the web identity's file {file} can't be read on this machine",
            "Check aws_web_identity_token, and how the file is mounted.",
        )
