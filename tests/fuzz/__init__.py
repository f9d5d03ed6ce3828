"""Random input, shaped like the real one, against everything that reads a stranger's bytes.

`make test` searches shortly and the same way each time; `make fuzz` searches with new randomness
until its time is over. What a search has found stays as an `example` beside its test.
"""
