from pathlib import Path

import pytest

from emulator.settings import Settings, SettingsError, load, parse

FILE = """
regions: [eu-west-1]
credentials:
  - {access_key: AKIAMINE, secret_key: mine}
endpoints:
  chat: {kind: messages, framing: jsonlines}
  vectors: {kind: embeddings, dimensions: 4, faults: [{fault: reset, times: 1}]}
"""


def test_defaults() -> None:
    """Without a file there are the demo endpoints, in one region, with AWS's example key."""
    settings = Settings()
    assert set(settings.endpoints) == {
        "demo-tgi",
        "demo-chat",
        "demo-embed",
        "demo-no-stream",
        "demo-components",
    }
    assert settings.regions == ("us-east-1",)
    assert settings.credentials[0].access_key == "AKIAIOSFODNN7EXAMPLE"


def test_file(tmp_path: Path) -> None:
    """A file replaces what it names and leaves the rest."""
    path = tmp_path / "emulator.yaml"
    path.write_text(FILE)
    settings = load(path)
    assert settings.regions == ("eu-west-1",)
    assert [each.kind for each in settings.endpoints.values()] == ["messages", "embeddings"]
    assert settings.account == "111122223333"
    assert "mine'" not in repr(settings.credentials)


def test_overrides(tmp_path: Path) -> None:
    """Overrides replace keys of the file; a container replaces the demo endpoints here too."""
    path = tmp_path / "emulator.yaml"
    path.write_text("regions: [eu-west-1]\njournal: 7")
    settings = load(path, {"regions": ["us-west-2"], "container": "http://127.0.0.1:9"})
    assert (settings.regions, settings.journal) == (("us-west-2",), 7)
    assert settings.endpoints == {}


def test_empty_file(tmp_path: Path) -> None:
    """An empty file means the defaults."""
    path = tmp_path / "emulator.yaml"
    path.touch()
    assert load(path) == Settings()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"endpoint": {}}, "test: endpoint: Extra inputs are not permitted"),
        ({"endpoints": {"x": {"kind": "gpt"}}}, "test: endpoints.x: Input tag 'gpt'"),
        ({"endpoints": {"x": {"kind": "tgi", "framing": "sse"}}}, "endpoints.x.tgi.framing"),
        ({"endpoints": {"a_b": {"kind": "tgi"}}}, "endpoints.a_b"),
        ({"endpoints": {"x": {"kind": "container"}}}, "endpoints.x.container.container"),
        ({"container": "file:///etc"}, "container: URL scheme should be 'http' or 'https'"),
        ({"regions": []}, "regions"),
        ({"endpoints": {"x": {"kind": "custom", "shape": "round"}}}, "endpoints.x.custom.shape"),
        (
            {"endpoints": {"x": {"kind": "embeddings", "vendor": "voyage", "key": "inputs"}}},
            "endpoints.x.embeddings: Value error, key can't be set with a vendor",
        ),
    ],
)
def test_mistakes(content: object, text: str) -> None:
    """A mistake is told with the source and the path of the key."""
    with pytest.raises(SettingsError) as caught:
        parse(content, "test")
    assert text in str(caught.value)


@pytest.mark.parametrize("content", [None, "endpoints: [", "\x00", "- list"])
def test_unreadable_file(tmp_path: Path, content: str | None) -> None:
    """A file that is missing or not YAML is told with its path."""
    path = tmp_path / "emulator.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError, match=str(path)):
        load(path)
