"""Tests of redisched.testing, the kit for tests of handlers."""
