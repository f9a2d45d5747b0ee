"""Measurements of redisched on the machine at hand, each beside the floor that bare Lua reaches there."""
