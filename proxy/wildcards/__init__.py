"""Models with a `*` in their names: many endpoints under one entry of the configuration."""
