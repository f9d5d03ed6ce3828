"""nginx handing bytes on, without signature, mapping or key: the floor of what a hop can cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import processes
from benchmarks.targets import direct
from benchmarks.targets.target import Ground, Start, Target, started

_CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-1; uwsgi_temp_path {folder}/nginx-2;
  scgi_temp_path {folder}/nginx-3;
  upstream runtime {{
    server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 100000000;
  }}
  server {{
    listen 127.0.0.1:{port}; keepalive_requests 100000000; client_max_body_size 8m;
    location / {{
      proxy_pass {scheme}://runtime; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_ssl_session_reuse on; {trust}
    }}
  }}
}}
"""


def nginx(executable: Path) -> Start:
    """Give what starts it."""

    @contextmanager
    def start(ground: Ground) -> Iterator[Target]:
        config, port = ground.folder / "nginx.conf", processes.free_port()
        authority = ground.upstream.authority
        trust = (
            f"proxy_ssl_verify on; proxy_ssl_name localhost; "
            f"proxy_ssl_trusted_certificate {authority};"
        )
        text = _CONFIGURATION.format(
            folder=ground.folder,
            port=port,
            upstream=ground.upstream.address.port,
            scheme="https" if authority else "http",
            trust=trust if authority else "",
        )
        config.write_text(text)
        running = processes.running(
            [str(executable), "-c", str(config), "-p", str(ground.folder)],
            log=ground.folder / "nginx.log",
            cores=ground.cores.gateway(),
        )
        with started("nginx", direct.ask, running, lambda _: port) as target:
            yield target

    return start
