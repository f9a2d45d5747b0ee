-- KEYS layout
-- The layout of a queue as text: the counts of shards it has had. A queue that always had one shard keeps nothing.
local function known_layout()
  return redis.call('GET', LAYOUT) or '1'
end
