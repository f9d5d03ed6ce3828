"""Containers that speak OpenAI themselves: their requests and replies pass, with a few edits."""
