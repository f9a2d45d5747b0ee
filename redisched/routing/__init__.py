"""Which shard a task is sent to, for whoever enqueues: a program, or a worker."""
