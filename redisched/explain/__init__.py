"""Says in a sentence why a task is not running: what it waits for, who has it, or how it ended."""
