"""Containers that take a prompt and generate text: what their dialects have in common."""
