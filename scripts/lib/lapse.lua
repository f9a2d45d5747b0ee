-- KEYS lapsing
-- include: text
-- include: unique
-- Frees at most `limit` unique keys that were held until a moment which is over.
local function lapse(now_ms, limit)
  local lapsed = redis.call('ZRANGEBYSCORE', LAPSING, '-inf', text(now_ms), 'LIMIT', 0, limit)
  for index = 1, #lapsed do
    free_key(lapsed[index])
  end
end
