"""What replicas and workers tell each other over Redis: who rests, and what is cold."""
