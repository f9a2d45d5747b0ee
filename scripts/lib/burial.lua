-- KEYS dead cancelling watched unique
-- include: text
-- include: failures
-- Makes a task dead and stores its last score and the failure, with those of earlier attempts. Its record stays, so that
-- it can be revived; its unique key is free.
local function bury(id, score, failure, now_ms)
  if format and redis.call('HLEN', UNIQUE) > 0 then
    -- include: unique
    leave_keys({id})
  end
  redis.call('HDEL', CANCELLING, id)
  add_failure(id, score, failure)
  redis.call('ZADD', DEAD, text(now_ms), id)
  if redis.call('HLEN', WATCHED) > 0 then
    -- include: watched
    tell_end({id})
  end
end
