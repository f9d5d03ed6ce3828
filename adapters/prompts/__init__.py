"""Messages to prompt text, for containers that take a string."""
