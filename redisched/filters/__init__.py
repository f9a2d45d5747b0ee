"""Filters: a small language that says which tasks are meant, such as `state:dead name:send_*`, and reads by it."""
