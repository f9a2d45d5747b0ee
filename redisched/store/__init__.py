"""What redisched keeps in Redis, and every way it changes."""
