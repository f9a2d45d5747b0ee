"""Tests of the documentation, and of the programs that make its tables and plots."""
