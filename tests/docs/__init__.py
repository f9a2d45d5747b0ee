"""What makes the tables and plots of the documentation."""
