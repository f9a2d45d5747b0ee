-- KEYS layout
-- The layout of a queue as text: every count of shards it has had, oldest first, separated by spaces. A queue that
-- always had one shard has no such key.
local function known_layout()
  return redis.call('GET', LAYOUT) or '1'
end
