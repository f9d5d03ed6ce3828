"""Callbacks: an operator's own code that hears of calls, kept apart from the requests."""
