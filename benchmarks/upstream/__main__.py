"""`python -m benchmarks.upstream PORT [--tls CERT KEY] [--verify ID SECRET]`."""

from __future__ import annotations

import argparse
import ssl

import uvloop

from benchmarks.upstream.server import serve


def main() -> None:
    """Serve on 127.0.0.1 until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upstream")
    parser.add_argument("port", type=int)
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    parser.add_argument("--verify", nargs=2, metavar=("ID", "SECRET"), help="check signatures")
    options = parser.parse_args()
    tls = None
    if options.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*options.tls)
    secrets = dict([options.verify]) if options.verify else None
    uvloop.run(serve(options.port, tls, secrets))


if __name__ == "__main__":
    main()
