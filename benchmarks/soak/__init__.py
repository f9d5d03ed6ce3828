"""Hours of mixed traffic in which many clients leave: what a gateway holds must not grow."""
