"""Tests of the language of filters, and of reading by it."""
