import pytest

from emulator.canonical import SignedRequest, canonical_path, canonical_query, canonical_request


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("/endpoints/demo/invocations", "/endpoints/demo/invocations"),
        ("/endpoints/a%20b/invocations", "/endpoints/a%2520b/invocations"),
        ("/a/./b/../c", "/a/c"),
        ("//a///b", "/a/b"),
        ("/a~b/", "/a~b/"),
        ("/", "/"),
        ("/../..", "/"),
    ],
)
def test_path(raw: str, canonical: str) -> None:
    """Paths are normalised, and what is encoded on the wire is encoded once more."""
    assert canonical_path(raw) == canonical


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [("", ""), ("b=2&a=1", "a=1&b=2"), ("a", "a="), ("a=x%20y&a=%2F", "a=%2F&a=x%20y")],
)
def test_query(raw: str, canonical: str) -> None:
    """Queries are sorted and encoded exactly once."""
    assert canonical_query(raw) == canonical


def test_published_example() -> None:
    """The canonical request of AWS's own documentation comes out as published."""
    request = SignedRequest(
        method="GET",
        raw_path=b"/",
        query=b"Action=ListUsers&Version=2010-05-08",
        headers=[
            (b"content-type", b"application/x-www-form-urlencoded;   charset=utf-8"),
            (b"host", b" iam.amazonaws.com "),
            (b"x-amz-date", b"20150830T123600Z"),
        ],
        body=b"",
    )
    assert canonical_request(request, ("content-type", "host", "x-amz-date")) == (
        "GET\n/\nAction=ListUsers&Version=2010-05-08\n"
        "content-type:application/x-www-form-urlencoded; charset=utf-8\n"
        "host:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
        "content-type;host;x-amz-date\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


def test_repeated_headers() -> None:
    """Repeated headers are one value, joined with commas in the order received."""
    headers = [(b"x-a", b"1"), (b"x-a", b"2  3")]
    request = SignedRequest(method="GET", raw_path=b"/", query=b"", headers=headers, body=b"")
    assert request.fields == {"x-a": "1,2 3"}
