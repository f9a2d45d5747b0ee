"""Tests of timetables: which slots they have, how they are said, and what is refused."""
