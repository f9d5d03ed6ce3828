"""What AWS's answers mean for a deployment: pure, from plain mappings to findings."""
