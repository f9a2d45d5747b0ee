#!lua flags=allow-oom
-- WAITING -> EXPIRED|DEAD|LOST  Ends tasks that may not start any more, also in a queue where no worker claims.
--
-- KEYS waiting held traits expiring
-- ARG limit     int  maximum number of tasks
-- ARG lease_ms  int  a task that a worker holds is checked again after this time
-- Returns {'EXPIRED', count, looked} count: tasks ended; looked: tasks checked
-- Cost O(limit * log waiting)
-- include: time
-- include: text
-- include: chunks
-- include: scores
-- include: too_late

local now_ms = math.floor(server_us() / 1000)
check_keys()
local ids = redis.call('ZRANGEBYSCORE', EXPIRING, '-inf', text(now_ms), 'LIMIT', 0, limit)
local scores, holders = scores_of(WAITING, ids), fields(HELD, ids)
local waiting, waiting_scores, later = {}, {}, {}
for index = 1, #ids do
  local id = ids[index]
  if scores[index] then
    waiting[#waiting + 1], waiting_scores[#waiting_scores + 1] = id, scores[index]
  elseif holders[index] then
    -- Its worker may release it before its handler starts; then it can still expire, so it is checked again later.
    later[#later + 1], later[#later + 2] = text(now_ms + lease_ms), id
  else
    redis.call('ZREM', EXPIRING, id)
  end
end
call_in_chunks('ZADD', EXPIRING, later)
return {'EXPIRED', end_too_late(waiting, waiting_scores, fields(TRAITS, waiting), now_ms), #ids}
