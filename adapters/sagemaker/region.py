"""A deployment's region: one order for all, with the profiles of AWS's own files at its end.

Reads those files itself, and only where nobody else names a region, since botocore's way to them
costs a third of a second at start. Refuses to know `os.environ`.

Files: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from configparser import Error, RawConfigParser
from functools import lru_cache
from pathlib import Path
from typing import Final

from adapters.errors import ConfigError

#: Serves where nobody names a region.
FALLBACK_REGION: Final = "us-west-2"

_VARIABLES: Final = ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION")
_REGION: Final = re.compile(r"[a-z0-9-]+")
#: AWS's files, and where they are by default; what the first says counts.
_FILES: Final = (
    ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ("AWS_CONFIG_FILE", "config"),
)
_MOST_FILES: Final = 16


def read_region(
    own: str | None, profile: str | None, environ: Mapping[str, str]
) -> tuple[str, bool]:
    """Give the region, and whether it is only assumed.

    Args:
        own: What the deployment says.
        profile: The profile that it names.
        environ: The process's environment.

    Raises:
        ConfigError: the region could change the host; `path` is `("aws_region_name",)`.
    """
    region, origin = own, "aws_region_name"
    if region is None:
        origin = next((name for name in _VARIABLES if environ.get(name)), "the profile's region")
        region = environ.get(origin) or _of_profile(profile, environ)
    if region is None:
        return FALLBACK_REGION, True
    if not _REGION.fullmatch(region):
        raise ConfigError(
            f"{origin} is not an AWS region: expected small letters, digits and hyphens, "
            "such as eu-west-1.",
            path=("aws_region_name",),
        )
    return region, False


def _of_profile(named: str | None, environ: Mapping[str, str]) -> str | None:
    profile = named or environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or "default"
    return next(filter(None, (regions.get(profile) for regions in _all(environ))), None)


def has_profile(name: str, environ: Mapping[str, str]) -> bool:
    """Tell whether AWS's files have a profile."""
    return any(name in regions for regions in _all(environ))


def _all(environ: Mapping[str, str]) -> Iterator[Mapping[str, str | None]]:
    """Give the profiles of each of AWS's files, with their regions."""
    for variable, name in _FILES:
        file = _file(environ.get(variable), name, environ.get("HOME"))
        if file:
            yield _regions(file)


def _file(named: str | None, name: str, home: str | None) -> Path | None:
    if named and not named.startswith("~"):
        return Path(named)
    if not home:
        return None
    return Path(home, named.removeprefix("~").lstrip("/")) if named else Path(home, ".aws", name)


def _regions(file: Path) -> Mapping[str, str | None]:
    """Give the regions by profile, None for one without; nothing where there is no such file."""
    try:
        state = file.stat()
    except OSError:
        return {}
    return _read(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=_MOST_FILES)
def _read(file: Path, _changed: int, _size: int) -> Mapping[str, str | None]:
    """Read a file once for each of its versions.

    One that can't be read has no profiles: whoever gets credentials from it says what is wrong.
    """
    parser = RawConfigParser(default_section="", strict=False)
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
        return {_profile(section): parser[section].get("region") for section in parser.sections()}
    except (OSError, UnicodeDecodeError, Error, ValueError):
        return {}


def _profile(section: str) -> str:
    """Give a profile's name: `[name]`, `[profile name]` or `[profile "name"]`."""
    words = shlex.split(section)
    return words[1] if len(words) > 1 and words[0] == "profile" else section
