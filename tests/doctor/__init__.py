"""The doctor, on sound servers and on dangerous ones."""
