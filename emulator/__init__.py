"""A SageMaker Runtime on loopback, for demonstrations, tests and users' CI.

Speaks the real wire; imports nothing of `proxy` or `adapters`, so it can't share their mistakes.
"""

#: Marks the package as sagegate's own: another distribution could shadow the name `emulator`.
SAGEGATE = "sagegate"
