"""Who may call, and what a caller may say."""
