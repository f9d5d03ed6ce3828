"""Containers that behave like the real ones, without a model."""
