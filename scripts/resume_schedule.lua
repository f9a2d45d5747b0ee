#!lua
-- PAUSED -> SCHEDULED  Lets paused schedules fire again, from a slot on that the caller has computed.
--
-- ROW name     text  schedule
-- ROW version  text  the version for which the slot was computed
-- ROW slot     text  its next slot (server ms), '' if it has none
-- Returns {'RESUMED'} per schedule: it fires again
-- Returns {'ALREADY'} per schedule: it was not paused
-- Returns {'CHANGED'} per schedule: it has another version; not changed
-- Returns {'UNKNOWN'} per schedule: there is none of this name
-- Cost O(schedules * log schedules)
-- include: schedules

local statuses = {}
check_keys()

for row, name, version, slot in rows() do
  local known_version, state, last = schedule_parts(name)
  if not known_version then
    statuses[row] = 'UNKNOWN'
  elseif state ~= 'paused' then
    statuses[row] = 'ALREADY'
  elseif known_version ~= version then
    statuses[row] = 'CHANGED'
  else
    write_schedule(name, version, slot == '' and 'over' or 'active', last, '', slot)
    statuses[row] = 'RESUMED'
  end
end
return statuses
