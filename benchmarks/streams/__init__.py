"""What open streams cost a gateway: memory, files and processor time, measured from outside."""
