"""Signed tokens as keys: whose they are, and what they are for."""
