#!lua flags=no-writes
-- READ  Counts the tasks of a queue, exactly, and finds how long the oldest ready one has waited.
--
-- KEYS[1] waiting   zset  id by score
-- KEYS[2] leases    zset  id by expiry (ms)
-- KEYS[3] dead      zset  id by time of death (ms)
-- KEYS[4] finished  zset  id by the time it is forgotten (ms)
-- Returns {now_ms, leased, dead, finished, (priority, ready, later, oldest_run_at_ms)*} for every priority in use; oldest_run_at_ms is that of its first task
-- Cost O(bands in use * log waiting)
-- include: time
-- include: text
-- include: score

local now_ms = math.floor(server_us() / 1000)
local reply = {
  text(now_ms), redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[3]), redis.call('ZCARD', KEYS[4]),
}

local low = 0
for _ = 0, 255 do
  local head = redis.call('ZRANGEBYSCORE', KEYS[1], text(low), BEYOND, 'WITHSCORES', 'LIMIT', 0, 1)
  if not head[1] then
    break
  end
  local band = band_of(tonumber(head[2]))
  local base = band * BAND
  local at = #reply
  reply[at + 1] = band
  reply[at + 2] = redis.call('ZCOUNT', KEYS[1], text(base), text(base + now_ms))
  reply[at + 3] = redis.call('ZCOUNT', KEYS[1], '(' .. text(base + now_ms), '(' .. text(base + BAND))
  reply[at + 4] = text(tonumber(head[2]) - base)
  low = base + BAND
end
return reply
