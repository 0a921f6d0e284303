"""The database as Django sees it: PostgreSQL, and a quicker way to see that it is still there."""
