"""What a request costs beside many models, keys, idle connections, long streams, large prompts."""
