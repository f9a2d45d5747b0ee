-- KEYS failures dead cancelling
-- include: text
-- Makes a task dead and stores its last score and the failure. Its record stays, so that it can be revived.
local function bury(id, score, failure, now_ms)
  redis.call('HDEL', CANCELLING, id)
  redis.call('HSET', FAILURES, id, score .. ' ' .. failure)
  redis.call('ZADD', DEAD, text(now_ms), id)
end
