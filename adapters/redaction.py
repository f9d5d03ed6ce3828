"""Removes from a text what clients, or anybody, must not read: secrets, identifiers, tracebacks.

Knows how those look in AWS's and Python's messages. Every pattern starts at a fixed mark and is
bounded or possessive from there, so the time is linear in the text, whoever wrote it. Prose and
URLs stay.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.tracebacks import without_tracebacks

#: Characters of an identifier: it ends at a space, quote, bracket, comma or semicolon.
_WORD = r"[^\s\"'`<>,;(){}\[\]\\]"
_ASSIGNED = r"[\"']?\s{0,4}[=:]\s{0,4}[\"']?"
_ACCOUNT = r"account(?:s|[ _-]?id)?[^\w\n]{0,4}(?:\d{12}|\d{4}-\d{4}-\d{4})(?!\d)[\"')\]]?"
_KEY_PREFIXES = "AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA|APKA|ASCA"
_PRIVATE_ADDRESS = (
    r"(?:(?:10|127)(?:\.\d{1,3}){3}"
    r"|(?:169\.254|172\.(?:1[6-9]|2\d|3[01])|192\.168)(?:\.\d{1,3}){2})(?![.\w]?\d)"
)
_PRIVATE_NAME = (
    r"(?:(?:[a-z0-9_-]{1,63}\.){1,8}(?:internal|local|localdomain)\b(?!\.?\w)"
    r"|localhost\b|algo-\d{1,3}\b|vpce-[\w.-]++|ip-\d{1,3}(?:-\d{1,3}){3}\b[\w.-]*+)"
)

_Rules = tuple[tuple[re.Pattern[str], str], ...]

#: These leave nothing behind, and go first: they can't join two halves of something that another
#: rule would have found.
_ERASED: _Rules = (
    (
        re.compile(
            r"(?:\s?\bSee )?https?://(?:[\w-]{1,63}\.){0,4}console\.(?:aws|amazonaws)[^\s\"'<>]*+"
            rf"(?: in (?:{_ACCOUNT}))?(?: for more information)?\.?"
        ),
        "",
    ),
    (re.compile(rf"(?i)(?:\s(?:of|in|from|for|by))?\s(?:the )?{_ACCOUNT}"), ""),
)

#: What gives access to something; nobody may read it anywhere.
_SECRETS: _Rules = (
    # AWS quotes all that was signed where a signature does not fit.
    (re.compile(r"(?s)\bThe (?:Canonical String|String-to-Sign)\b.*+"), ""),
    (re.compile(r"(?:sagemaker|bedrock)-api-key-[\w+/=%-]*+"), "[token]"),
    (re.compile(r"AWS4-HMAC-SHA256 Credential=[^\n\"]{0,1000}+"), "[signature]"),
    (re.compile(rf"(?i)\bx-amz-[a-z-]{{1,40}}+{_ASSIGNED}[^\s\"'<>,;&]++"), "[token]"),
    (
        re.compile(
            rf"(?i)\bauthorization{_ASSIGNED}(?:(?:bearer|basic|digest) )?"
            r"[^\s\"'<>,;\[][^\s\"'<>,;]*+"
        ),
        "[token]",
    ),
    (
        re.compile(
            rf"(?i)(?:secret_?access_?key|session_?token){_ASSIGNED}[\w+/=%-]{{8,}}+",
        ),
        "[secret]",
    ),
    # The same in XML, as AWS's token service writes it, and web identity tokens.
    (
        re.compile(r"(?i)<(?:secret_?access_?key|session_?token)>[^<]*+"),
        "[secret]",
    ),
    (re.compile(r"(?<![\w-])eyJ[\w-]{6,}+\.[\w.-]*+"), "[token]"),
    (re.compile(rf"(?<![A-Za-z0-9])(?:{_KEY_PREFIXES})[A-Z0-9]{{12,124}}+"), "[key]"),
    (re.compile(r"(?<![A-Za-z0-9])(?:hf_|sk-)[\w-]{16,}+"), "[token]"),
)

#: The operator reads what kind of thing it was, and its name, but not in whose account.
_MASK: Final = "*" * 12
_MASKED: _Rules = (
    (
        re.compile(r"(?i)(account(?:s|[ _-]?id)?[^\w\n]{0,4})\d{4}-\d{4}-\d{4}(?!\d)"),
        rf"\1{_MASK}",
    ),
    # Twelve digits by themselves: in ARNs, in names of buckets and images; not a UUID's last part.
    (
        re.compile(r"(?<![A-Za-z\d.])(?<![\da-f]{4}-[\da-f]{4}-)\d{12}(?![A-Za-z\d])"),
        _MASK,
    ),
)

#: What names the operator's resources, hosts and files: the log has it, clients don't.
_IDENTIFIERS: _Rules = (
    (re.compile(rf"(?i){_ACCOUNT}"), "[account]"),
    (re.compile(rf"arn:aws[a-z0-9-]{{0,20}}:{_WORD}*+"), "[arn]"),
    (re.compile(r"(?<![\w.])\d{12}\.dkr\.ecr[\w./:@-]*+"), "[image]"),
    (re.compile(rf"\b(?:s3|file)://{_WORD}++"), "[path]"),
    (
        re.compile(
            rf"(?i)(?<![\w.-])(?:https?://)?(?:{_PRIVATE_ADDRESS}|{_PRIVATE_NAME})(?::\d{{1,5}}\b)?"
        ),
        "[host]",
    ),
    # Absolute paths of two segments and more: not `and/or`, not `</s>`, not an API's `/v1/...`.
    (re.compile(r"(?<![\w/.<)\]}~*?&%#-])~?/(?!v\d)(?:[\w.@+~-]++/)++[\w.@+~-]*+"), "[path]"),
)

_EVERYTHING: _Rules = _ERASED + _SECRETS + _IDENTIFIERS
_FOR_THE_LOG: _Rules = _SECRETS + _MASKED


def scrub(text: str) -> str:
    """Give the text without secrets, AWS's identifiers, internal hosts, paths and tracebacks.

    Of a traceback, what its last exception says is kept.
    """
    return _replace(without_tracebacks(text), _EVERYTHING)


def without_secrets(text: str) -> str:
    """Give the text without keys, tokens and account ids, for the operator, who needs the rest.

    Of an ARN, all but the account is left: `arn:aws:iam::************:role/name`.
    """
    return _replace(text, _FOR_THE_LOG)


def _replace(text: str, rules: _Rules) -> str:
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text.strip()
