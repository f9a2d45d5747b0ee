#!lua flags=allow-oom
-- SCHEDULED -> PAUSED  Lets schedules fire no more, and removes the tasks that they enqueued ahead of their time.
--
-- ROW name  text  schedule
-- Returns {'PAUSED'} per schedule: it fires no more
-- Returns {'ALREADY'} per schedule: it was paused before
-- Returns {'UNKNOWN'} per schedule: there is none of this name
-- Cost O(schedules * log waiting)
-- include: time
-- include: schedules

local now_ms = math.floor(server_us() / 1000)
local statuses = {}
check_keys()

for row, name in rows() do
  local version, state, last, ahead = schedule_parts(name)
  if not version then
    statuses[row] = 'UNKNOWN'
  elseif state == 'paused' then
    statuses[row] = 'ALREADY'
  else
    withdraw(ahead, now_ms)
    write_schedule(name, version, 'paused', last, '', '')
    statuses[row] = 'PAUSED'
  end
end
return statuses
