#!lua flags=no-writes
-- READ  Counts the tasks of a shard exactly, and finds the due time of the first task of each priority.
--
-- KEYS waiting leases dead finished
-- Returns {now_ms, leased, dead, finished, (priority, ready, later, oldest_run_at_ms)*} one group for every priority in use; oldest_run_at_ms is the due time of its first task
-- Cost O(bands in use * log waiting)
-- include: time
-- include: text
-- include: score
-- include: bands

local now_ms = math.floor(server_us() / 1000)
local reply = {text(now_ms), redis.call('ZCARD', LEASES), redis.call('ZCARD', DEAD), redis.call('ZCARD', FINISHED)}

for base, head in bands(WAITING, 0) do
  local at = #reply
  reply[at + 1] = base / BAND
  reply[at + 2] = redis.call('ZCOUNT', WAITING, text(base), text(base + now_ms))
  reply[at + 3] = redis.call('ZCOUNT', WAITING, '(' .. text(base + now_ms), '(' .. text(base + BAND))
  reply[at + 4] = text(head - base)
end
return reply
