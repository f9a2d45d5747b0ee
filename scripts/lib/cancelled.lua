-- KEYS cancelling tasks
-- include: ending
-- Ends a task whose cancellation was asked for, instead of letting it wait again. The request, 'retention_ms outcome',
-- was written by whoever cancelled. Answers whether there was a request that can be read; others the scrubber removes.
local REQUEST = '^(%-?%d' .. string.rep('%d?', 14) .. ') (.*)$'

local function end_if_cancelling(id, now_ms)
  local retention_ms, outcome = string.match(redis.call('HGET', CANCELLING, id) or '', REQUEST)
  if not retention_ms then
    return false
  end
  local record = redis.call('HGET', TASKS, id) or ''
  local digest = string.sub(record .. '00000000', 1, 8)
  finish({id}, {id, '0 ' .. digest .. outcome}, {forget_score(now_ms, tonumber(retention_ms)), id})
  return true
end
