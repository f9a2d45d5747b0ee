"""Benchmarks of redisched on this machine, each compared with the floor: what minimal Lua scripts reach there."""
