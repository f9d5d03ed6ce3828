"""OpenAI to SageMaker, and back: translation, signing, invoking, streaming.

Knows AWS and the containers' dialects; refuses to know FastAPI, YAML, `os.environ` or the proxy.
"""

#: Marks the package as sagegate's own: another distribution could shadow the name `adapters`.
SAGEGATE = "sagegate"
