"""The tests of redisched, laid out as the library is."""
