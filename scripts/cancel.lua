#!lua flags=allow-oom
-- WAITING -> CANCELLED  Ends waiting tasks; for a leased task, stores a request that its worker reads at the next renewal.
--
-- KEYS waiting held dead cancelling outcomes
-- ARG retention_ms  text   how long the outcome is kept; if negative, it may be forgotten sooner
-- ROW id            text   task
-- ROW outcome       bytes  the outcome that is kept for a cancelled task
-- Returns {'CANCELLED'} per task: it waited and will never run
-- Returns {'CANCELLING'} per task: a worker holds it, and is told at its next heartbeat
-- Returns {'ENDED'} per task: it had ended before
-- Returns {'UNKNOWN'} per task: never enqueued, or already forgotten
-- Cost O(tasks * log waiting)
-- include: time
-- include: text
-- include: cancelled

local now_ms = math.floor(server_us() / 1000)
local statuses = {}
check_keys()

for row, id, outcome in rows() do
  local status = 'UNKNOWN'
  local request = retention_ms .. ' ' .. outcome
  local score = redis.call('ZSCORE', WAITING, id)
  if redis.call('HEXISTS', HELD, id) == 1 then
    redis.call('HSET', CANCELLING, id, request)
    status = 'CANCELLING'
  elseif score then
    redis.call('ZREM', WAITING, id)
    redis.call('HSET', CANCELLING, id, request)
    end_if_cancelling(id, text(tonumber(score)), now_ms)
    status = 'CANCELLED'
  elseif redis.call('ZSCORE', DEAD, id) or redis.call('HEXISTS', OUTCOMES, id) == 1 then
    status = 'ENDED'
  end
  statuses[row] = status
end
return statuses
