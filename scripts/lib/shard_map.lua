-- KEYS layout
-- The shard map of a queue as text: every count of shards it has had, oldest first, separated by spaces. A queue that
-- always had one shard has no such key.
local function known_shard_map()
  return redis.call('GET', LAYOUT) or '1'
end
