"""What operators see: one file for each kind of signal."""
