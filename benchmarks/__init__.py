"""What the gateway costs, measured from outside; imports nothing of what it measures."""
