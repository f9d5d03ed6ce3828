"""HTTP in, HTTP out: the gateway's server, configuration, routing and access.

Knows FastAPI, YAML and the adapters; refuses to know botocore.
"""

#: Marks the package as sagegate's own: another distribution could shadow the name `proxy`.
SAGEGATE = "sagegate"
