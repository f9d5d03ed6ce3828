"""`python -m benchmarks.simulation`."""

from benchmarks.simulation.cli import main

if __name__ == "__main__":
    main()
