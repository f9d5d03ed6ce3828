"""`python -m benchmarks.streams`."""

from benchmarks.streams.cli import main

if __name__ == "__main__":
    main()
