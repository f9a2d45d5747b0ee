"""A demo: six kinds of real jobs, workers of which one process is killed, and a summary of what the jobs really did."""
