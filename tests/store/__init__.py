"""What redisched keeps in Redis: the edges' own tests stand in tests/lua."""
