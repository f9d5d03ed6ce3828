"""Nothing leaks: secrets are planted everywhere, every route is called, every output is read."""
