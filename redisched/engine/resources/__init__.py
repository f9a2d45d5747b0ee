"""Opens what the handlers of a process need, fills it in when they are called, and closes it."""
