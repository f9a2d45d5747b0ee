-- KEYS cancelling tasks
-- include: ending
-- include: keep
-- If someone asked to cancel the task, ends it instead of letting it wait again. cancel.lua wrote the request, as
-- 'retention_ms outcome'. `score` is the task's. Returns true if the task was ended. An unreadable request is ignored;
-- scrub.lua removes it.
local REQUEST = '^(%-?%d' .. string.rep('%d?', 14) .. ') (.*)$'

local function end_if_cancelling(id, score, now_ms)
  local retention_ms, outcome = string.match(redis.call('HGET', CANCELLING, id) or '', REQUEST)
  if not retention_ms then
    return false
  end
  local record = redis.call('HGET', TASKS, id) or ''
  local ending = with_task(string.sub(record .. '00000000', 1, 8) .. outcome, id, score)
  finish({id}, {id, '0 ' .. ending}, {forget_score(now_ms, tonumber(retention_ms)), id})
  return true
end
