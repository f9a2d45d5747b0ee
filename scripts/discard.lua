#!lua flags=allow-oom
-- DEAD -> CANCELLED  Ends dead tasks for good: they are kept like cancelled ones, and cannot be revived.
--
-- KEYS tasks failures dead cancelling outcomes
-- ARG retention_ms  text   how long the outcome is kept; if negative, it may be forgotten sooner
-- ROW id            text   task
-- ROW outcome       bytes  the outcome that is kept for the task
-- Returns {'DISCARDED'} per task: it was dead
-- Returns {'ALREADY'} per task: not dead; it waits, is leased or has ended
-- Returns {'UNKNOWN'} per task: never enqueued, or already forgotten
-- Cost O(tasks * log dead)
-- include: time
-- include: cancelled

local now_ms = math.floor(server_us() / 1000)
local statuses = {}
check_keys()

for row, id, outcome in rows() do
  statuses[row] = 'UNKNOWN'
  if redis.call('ZREM', DEAD, id) == 1 then
    local score = string.match(redis.call('HGET', FAILURES, id) or '', '^(%d+) ') or '0'
    redis.call('HSET', CANCELLING, id, retention_ms .. ' ' .. outcome)
    end_if_cancelling(id, score, now_ms)
    statuses[row] = 'DISCARDED'
  elseif redis.call('HEXISTS', TASKS, id) == 1 or redis.call('HEXISTS', OUTCOMES, id) == 1 then
    statuses[row] = 'ALREADY'
  end
end
return statuses
