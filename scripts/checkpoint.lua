#!lua
-- LEASED -> LEASED  Saves how far the handlers of tasks have come, for their next attempts.
--
-- A task has one checkpoint at most; a new one takes the place of the one before. It goes with the record of the task.
--
-- KEYS held checkpoints
-- ROW id     text   task
-- ROW token  int    fencing token of the worker's lease
-- ROW state  bytes  what the next attempt is given
-- Returns {'SAVED'} per task
-- Returns {'LOST'} per task: no lease with this token; nothing was changed
-- Cost O(tasks)
-- include: holder
-- include: format

local statuses = {}
check_keys()

for row, id, token, state in rows() do
  statuses[row] = 'LOST'
  if holds(redis.call('HGET', HELD, id), token) then
    need_format(3)
    redis.call('HSET', CHECKPOINTS, id, state)
    statuses[row] = 'SAVED'
  end
end
return statuses
