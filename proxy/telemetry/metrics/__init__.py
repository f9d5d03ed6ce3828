"""Metrics: what is counted, who counts it, and how several processes give one page."""
