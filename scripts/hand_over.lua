#!lua flags=allow-oom
-- DEAD -> GONE  Forgets dead tasks that another shard of the queue has taken over.
--
-- KEYS dead reports
-- ROW id  text  task
-- Returns {'MOVED'} per task: this shard does not know it any more
-- Returns {'UNKNOWN'} per task: it was not dead; not changed
-- Cost O(tasks * log dead)
-- include: ending

local statuses, moved = {}, {}
check_keys()
local extras = used_extras()
for row, id in rows() do
  statuses[row] = 'UNKNOWN'
  if redis.call('ZREM', DEAD, id) == 1 then
    statuses[row] = 'MOVED'
    moved[#moved + 1] = id
  end
end
forget_tasks(moved, extras)
call_in_chunks('HDEL', REPORTS, moved)
return statuses
