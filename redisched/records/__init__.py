"""Records: what the command line prints as JSON and the JSON API answers, each made in one place."""
