"""A SageMaker Runtime on loopback, for demonstrations, tests and users' CI.

Speaks the real wire; imports nothing of `proxy` or `adapters`, so it can't share their mistakes.
"""

#: Proves that this package is sagegate's own: `emulator` is a generic name that another
#: distribution could shadow.
SAGEGATE = "sagegate"
