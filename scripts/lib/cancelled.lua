-- Ends a task whose cancellation was asked for, instead of letting it wait again. The request, 'retention_ms outcome',
-- was written by whoever cancelled. The outcome is kept under no token, so that nobody is told to have acked it.
-- Answers whether there was a request.
local function end_if_cancelling(keys, id, now_ms)
  local request = redis.call('HGET', keys.cancelling, id)
  if not request then
    return false
  end
  local space = string.find(request, ' ', 1, true)
  local record = redis.call('HGET', keys.tasks, id) or ''
  local digest = string.sub(record .. '00000000', 1, 8)
  local retention_ms = tonumber(string.sub(request, 1, space - 1))
  keep_outcome(keys.outcomes, keys.finished, id, '0', digest .. string.sub(request, space + 1), now_ms + retention_ms)
  redis.call('HDEL', keys.tasks, id)
  redis.call('HDEL', keys.tries, id)
  redis.call('HDEL', keys.failures, id)
  redis.call('HDEL', keys.cancelling, id)
  return true
end
