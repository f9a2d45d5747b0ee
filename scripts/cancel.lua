#!lua flags=allow-oom
-- WAITING -> CANCELLED  Ends tasks that wait; asks the worker of a leased one to stop.
--
-- KEYS waiting held dead cancelling outcomes
-- ARG retention_ms  text   how long the outcome is kept; negative where it may be forgotten sooner
-- ROW id            text   task
-- ROW outcome       bytes  how a cancelled task ends
-- Returns {'CANCELLED'} per task: it waited and will never run
-- Returns {'CANCELLING'} per task: a worker has it, and will be told within a heartbeat
-- Returns {'ENDED'} per task: it had ended before
-- Returns {'UNKNOWN'} per task: never heard of, or forgotten
-- Cost O(tasks * log waiting)
-- include: time
-- include: cancelled

local now_ms = math.floor(server_us() / 1000)
local statuses = {}
check_keys()

for row, id, outcome in rows() do
  local status = 'UNKNOWN'
  local request = retention_ms .. ' ' .. outcome
  if redis.call('HEXISTS', HELD, id) == 1 then
    redis.call('HSET', CANCELLING, id, request)
    status = 'CANCELLING'
  elseif redis.call('ZREM', WAITING, id) == 1 then
    redis.call('HSET', CANCELLING, id, request)
    end_if_cancelling(id, now_ms)
    status = 'CANCELLED'
  elseif redis.call('ZSCORE', DEAD, id) or redis.call('HEXISTS', OUTCOMES, id) == 1 then
    status = 'ENDED'
  end
  statuses[row] = status
end
return statuses
