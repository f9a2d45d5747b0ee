"""The JSON API of a redisched keyspace, and the server of `redisched web`. Needs the extra `web`; no application."""
