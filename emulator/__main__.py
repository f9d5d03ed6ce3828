"""`python -m emulator`."""

from emulator.cli import emulate

emulate(prog_name="python -m emulator")
