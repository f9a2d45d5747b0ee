"""The worker: claims tasks, runs their handlers, settles their outcomes, and keeps the leases meanwhile."""
