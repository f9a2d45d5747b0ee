"""What redisched and its peers have, as data, and the tables that are made of it."""
