"""The configuration file: its schema, its loading, and LiteLLM's keys that it knows.

`schema.ProxyConfig` is the frozen result, `load.load_config` the way to it. Refuses to know HTTP,
AWS and the container dialects, and imports none of their libraries: validating is quick.
"""
