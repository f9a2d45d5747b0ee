#!lua flags=allow-oom
-- WAITING|DEAD|SUCCEEDED|CANCELLED|EXPIRED|LOST -> CANCELLED|SUCCEEDED|EXPIRED|LOST  Removes tasks. Only that they have ended is known for a while, so that a call that is repeated adds none of them again.
--
-- A leased task stays: its worker works on it.
--
-- KEYS waiting held dead cancelling finished failures
-- ARG retention_ms  text   how long it is known that the task has ended; if it is known for a shorter time, that stays
-- ROW id            text   task
-- ROW outcome       bytes  the outcome of a task that had not ended
-- Returns {'DELETED'} per task: it waited, was dead or had ended
-- Returns {'LEASED'} per task: a worker has it; it is not changed
-- Returns {'UNKNOWN'} per task: never enqueued, or already forgotten
-- Cost O(tasks * log waiting)
-- include: time
-- include: text
-- include: cancelled

local now_ms = math.floor(server_us() / 1000)
local forgotten = forget_score(now_ms, tonumber(retention_ms))
local statuses = {}
check_keys()

local function delete(id, score, outcome)
  redis.call('HSET', CANCELLING, id, retention_ms .. ' ' .. outcome)
  end_if_cancelling(id, score, now_ms)
  return 'DELETED'
end

for row, id, outcome in rows() do
  local score = redis.call('ZSCORE', WAITING, id)
  local forget_at = redis.call('ZSCORE', FINISHED, id)
  if redis.call('HEXISTS', HELD, id) == 1 then
    statuses[row] = 'LEASED'
  elseif score then
    redis.call('ZREM', WAITING, id)
    statuses[row] = delete(id, text(tonumber(score)), outcome)
  elseif redis.call('ZREM', DEAD, id) == 1 then
    local last_score = string.match(redis.call('HGET', FAILURES, id) or '', '^(%d+) ') or '0'
    statuses[row] = delete(id, last_score, outcome)
  elseif forget_at then
    -- A negative score is of an outcome that may be forgotten sooner; see forget_score.
    if tonumber(forget_at) % BAND > tonumber(forgotten) then
      redis.call('ZADD', FINISHED, forgotten, id)
    end
    statuses[row] = 'DELETED'
  else
    statuses[row] = 'UNKNOWN'
  end
end
return statuses
