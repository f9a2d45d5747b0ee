"""The command line: parses what users type and prints the answers."""
