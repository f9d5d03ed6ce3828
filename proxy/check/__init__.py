"""`sagegate check`: the doctor. What the configuration means, and whether AWS agrees with it."""
