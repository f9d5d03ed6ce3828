"""The environment's variables, which may stand in files: `NAME`, or `NAME_FILE` with a path.

Orchestrators mount secrets as files, and a file can change while a process can't change its
variables: it is read anew at each reload. Works on the mapping that it is handed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from proxy.config.document import File, Unreadable

#: What the name of a variable ends with that names a file.
FILE_SUFFIX = "_FILE"


def read_variable(name: str, environ: Mapping[str, str]) -> str | None:
    """Give a variable's text, else that of the file that `NAME_FILE` names; None without either.

    The line ends behind a file's text are not part of it.

    Raises:
        Unreadable: the file can't be read, or is no text; the words begin with its variable.
    """
    path = environ.get(name + FILE_SUFFIX)
    if name in environ or not path:
        return environ.get(name)
    try:
        return File(Path(path)).read().decode().rstrip("\r\n")
    except Unreadable as error:
        raise Unreadable(f"{name}{FILE_SUFFIX}: {path}: {error}") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"{name}{FILE_SUFFIX}: {path}: is not UTF-8 text") from error
