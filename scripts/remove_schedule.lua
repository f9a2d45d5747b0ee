#!lua flags=allow-oom
-- SCHEDULED|PAUSED -> GONE  Removes schedules, and the tasks that they enqueued ahead of their time.
--
-- KEYS schedules fired firing
-- ARG application  text  whose code no longer declares the schedules; '' if somebody removes them
-- ARG epoch        text  the epoch in which it declares, as announce.lua has said
-- ROW name         text  schedule
-- ROW basis        text  the version that is removed; '' for any, also for one whose state is damaged
-- Returns {'REMOVED'} per schedule: it is gone
-- Returns {'CHANGED'} per schedule: it has another version; not removed
-- Returns {'UNKNOWN'} per schedule: there is none of this name
-- Returns {'SUPERSEDED'} per schedule: a later epoch of the application has declared its schedules here; nothing was written
-- Cost O(schedules * log waiting)
-- include: time
-- include: rows
-- include: declared
-- include: schedules

local now_ms = math.floor(server_us() / 1000)
local statuses = {}
check_keys()
if is_superseded(application, epoch) then
  return for_each_row('SUPERSEDED')
end

-- Whether something is left of a schedule whose state another program has removed or changed.
local function is_damaged(name)
  return redis.call('HEXISTS', SCHEDULES, name) == 1 or redis.call('HEXISTS', FIRED, name) == 1
end

for row, name, basis in rows() do
  local known_version, _, _, ahead = schedule_parts(name)
  ahead = ahead or ''
  if not known_version and (basis ~= '' or not is_damaged(name)) then
    statuses[row] = 'UNKNOWN'
  elseif known_version and basis ~= '' and known_version ~= basis then
    statuses[row] = 'CHANGED'
  else
    withdraw(ahead, now_ms)
    redis.call('HDEL', SCHEDULES, name)
    redis.call('HDEL', FIRED, name)
    redis.call('ZREM', FIRING, name)
    statuses[row] = 'REMOVED'
  end
end
return statuses
