"""What schedules are, and which of their slots are fired."""
