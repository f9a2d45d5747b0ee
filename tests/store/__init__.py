"""Tests of the store. The tests of each edge are in tests/lua."""
