-- Wakes one blocked worker. One element is enough: a claim that leaves due tasks behind wakes the next worker.
local function wake_one(wake)
  if redis.call('LLEN', wake) == 0 then
    redis.call('RPUSH', wake, '1')
  end
end
