-- Takes a task from a process that died: back to its own place, or among the dead after too many crashes. `crashed`
-- says whether the death counts against this task.
local function take_back(keys, id, holder, crashed, crash_limit, failure, now_ms)
  local _, score = holder_parts(holder)
  redis.call('ZREM', keys.leases, id)
  redis.call('HDEL', keys.held, id)
  if end_if_cancelling(keys, id, now_ms) then
    return 'CANCELLED'
  end
  if crashed then
    local attempts, crashes, bounces, counted = tries_parts(redis.call('HGET', keys.tries, id))
    redis.call('HSET', keys.tries, id, tries_text(attempts, crashes + 1, bounces, counted))
    if crashes + 1 >= crash_limit then
      redis.call('ZADD', keys.dead, now_ms, id)
      redis.call('HSET', keys.failures, id, score .. ' ' .. failure)
      return 'QUARANTINED'
    end
  end
  redis.call('ZADD', keys.waiting, score, id)
  return 'RECOVERED'
end
