"""Small dumps of what is in Redis beside tasks: schedules, pauses, the roster of workers, orders and counts."""
