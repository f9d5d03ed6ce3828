"""One deployment's settings, and what becomes of them: a target and the format spoken there.

The same for the proxy and for the SDK, which bring the settings: from a file, from arguments.
"""
