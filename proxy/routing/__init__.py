"""Which deployment answers, and within what time."""
