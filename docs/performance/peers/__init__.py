"""redisched and its peers under the same measurements, on the same server, in the same run."""
