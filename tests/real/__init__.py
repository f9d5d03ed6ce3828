"""The whole path with a real model at its end; `make test-real`."""
