"""Answers that were given before: kept, found again, and given once more."""
