"""Virtual keys: made and changed while the gateway runs, kept in a database, with budgets."""
