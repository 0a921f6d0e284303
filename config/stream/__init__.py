"""The process that keeps streams of events open: one loop, few threads, few database connections."""
