-- Ends a task whose cancellation was asked for, instead of letting it wait again. The request, 'retention_ms outcome',
-- was written by whoever cancelled. The outcome is kept under no token, so that nobody is told to have acked it.
-- Answers whether there was a request; none is what nobody can read, which the scrubber removes.
local REQUEST = '^(%-?%d' .. string.rep('%d?', 14) .. ') (.*)$'

local function end_if_cancelling(keys, id, now_ms)
  local retention_ms, outcome = string.match(redis.call('HGET', keys.cancelling, id) or '', REQUEST)
  if not retention_ms then
    return false
  end
  local record = redis.call('HGET', keys.tasks, id) or ''
  local digest = string.sub(record .. '00000000', 1, 8)
  keep_outcome(keys.outcomes, keys.finished, id, '0', digest .. outcome, forget_score(now_ms, tonumber(retention_ms)))
  redis.call('HDEL', keys.tasks, id)
  redis.call('HDEL', keys.tries, id)
  redis.call('HDEL', keys.failures, id)
  redis.call('HDEL', keys.cancelling, id)
  return true
end
