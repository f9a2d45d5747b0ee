#!lua flags=allow-oom
-- LEASED -> DEAD  Ends tasks that will not be tried again, and stores the reason; an operator can revive them.
--
-- KEYS held tries dead
-- ROW id       text   task
-- ROW token    int    fencing token of the worker's lease
-- ROW failure  bytes  why it is dead
-- Returns {'BURIED'} per task
-- Returns {'ALREADY'} per task: buried before with this token
-- Returns {'LOST'} per task: no lease with this token; nothing was changed
-- Cost O(tasks * log dead)
-- include: time
-- include: holder
-- include: tries
-- include: leave
-- include: burial

local now_ms = math.floor(server_us() / 1000)
local statuses = {}
check_keys()

for row, id, token, failure in rows() do
  local holder = redis.call('HGET', HELD, id)
  local attempts, crashes, redeliveries, counted = tries_parts(redis.call('HGET', TRIES, id))
  local _, score = holder_parts(holder)
  if score and holds(holder, token) then
    leave({id})
    redis.call('HSET', TRIES, id, tries_text(attempts, crashes, redeliveries, token))
    bury(id, score, failure, now_ms)
    statuses[row] = 'BURIED'
  else
    statuses[row] = counted == token and redis.call('ZSCORE', DEAD, id) and 'ALREADY' or 'LOST'
  end
end
return statuses
