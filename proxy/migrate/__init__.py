"""`sagegate migrate`: what becomes of each key of a LiteLLM configuration."""
