"""OpenAI's wire schema: what requests may be, and what answers and chunks look like."""
