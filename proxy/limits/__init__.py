"""How much a model, a deployment or a key may use: requests and tokens per minute, in parallel."""
