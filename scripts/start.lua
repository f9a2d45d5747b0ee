#!lua flags=allow-oom
-- LEASED -> LEASED  Notes that tasks start which may start only once: from now on they end, but never wait again.
--
-- A worker calls this before it starts the handler, and starts it only if the answer is STARTED.
--
-- KEYS held traits
-- ROW id            text   task
-- ROW token         int    fencing token of the worker's lease
-- ROW started_ms    int    when its handler starts, in server milliseconds
-- ROW retention_ms  int    how long the outcome is kept; if negative, it may be forgotten sooner
-- ROW outcome       bytes  digest (8 bytes) and outcome of a task that is lost, without the time of its end
-- Returns {'STARTED'} per task: noted now, or before with this token
-- Returns {'LOST'} per task: no lease with this token, or it had started before; nothing was changed
-- Cost O(tasks)
-- include: holder
-- include: traits

local statuses = {}
check_keys()

for row, id, token, started_ms, retention_ms, outcome in rows() do
  local holder = redis.call('HGET', HELD, id)
  local _, score, _, worker = holder_parts(holder)
  local traits = redis.call('HGET', TRAITS, id) or ''
  local noted = string.match(traits, ONCE)
  statuses[row] = 'LOST'
  if score and holds(holder, token) and (not noted or noted == token) then
    statuses[row] = 'STARTED'
    need_format(3)
    redis.call('HSET', HELD, id, token .. ' ' .. score .. ' ' .. started_ms .. ' ' .. worker)
    write_traits(id, without_limits(traits) .. 'once=' .. token .. ' ' .. retention_ms .. ' ' .. outcome)
  end
end
return statuses
