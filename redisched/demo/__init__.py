"""Six kinds of real jobs, a fleet that loses a process on purpose, and a summary counted from what the jobs did."""
