-- KEYS wake
-- Wakes one blocked worker. One list element is enough: a claim that leaves due tasks behind wakes the next worker.
local function wake_one()
  if redis.call('LLEN', WAKE) == 0 then
    redis.call('RPUSH', WAKE, '1')
  end
end
