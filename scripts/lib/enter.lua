-- KEYS waiting wake
-- Lets tasks wait, given as the list score, id, score, id ..., and wakes a worker. One wake-up is enough, because a
-- claim that leaves due tasks behind wakes the next worker. If a key has the wrong type, nothing is written and the
-- error is returned, so that the caller can undo its own writes.
local function enter(entries)
  if #entries == 0 then
    return
  end
  local wake_ups = redis.pcall('LLEN', WAKE)
  if type(wake_ups) == 'table' then
    return wake_ups
  end
  for first = 1, #entries, 1000 do
    local added = redis.pcall('ZADD', WAITING, unpack(entries, first, math.min(first + 999, #entries)))
    if type(added) == 'table' then
      return added
    end
  end
  if wake_ups == 0 then
    redis.call('RPUSH', WAKE, '1')
  end
end
