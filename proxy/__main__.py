"""`python -m proxy`: the same as the command `sagegate`."""

from proxy.cli import main

if __name__ == "__main__":
    main(prog_name="sagegate")
