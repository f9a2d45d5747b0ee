#!lua
-- NEW|SCHEDULED -> SCHEDULED  Adds schedules, or replaces what they are. Tasks that the former version enqueued for slots to come are removed. Repeating the call changes nothing.
--
-- A schedule that is paused stays so. The task of a slot that has come stays as it is while it waits for the jitter of its
-- schedule: the schedule does not come back to this slot.
--
-- KEYS schedules
-- ARG shard_map    text   the shard map that the caller knows; '' if its schedules can only belong to this shard
-- ARG application  text   whose code declares the schedules; '' if none does
-- ARG epoch        text   the epoch in which it does, as announce.lua has said
-- ROW name         text   schedule
-- ROW basis        text   the version that is replaced; '' to add a schedule
-- ROW version      text   of the caller's choice, never used before
-- ROW definition   bytes  what the schedule is, for those who fire it
-- ROW slot         text   its first slot (server ms), '' if it has none
-- Returns {'STORED'} per schedule: it is what the call says
-- Returns {'EXISTS'} per schedule: it was to be added and is there already; not changed
-- Returns {'CHANGED'} per schedule: it has another version than the one to be replaced; not changed
-- Returns {'UNKNOWN'} per schedule: it was to be replaced and is not there
-- Returns {'SUPERSEDED'} per schedule: a later epoch of the application has declared its schedules here; nothing was written
-- Returns {'STALE_SHARD_MAP'} per schedule: the queue has another shard map; nothing was written
-- Cost O(schedules * log waiting)
-- include: time
-- include: rows
-- include: shard_map
-- include: declared
-- include: schedules

local now_ms = math.floor(server_us() / 1000)
if shard_map ~= '' and known_shard_map() ~= shard_map then
  return for_each_row('STALE_SHARD_MAP')
end
check_keys()
if is_superseded(application, epoch) then
  return for_each_row('SUPERSEDED')
end

local statuses = {}
for row, name, basis, version, definition, slot in rows() do
  local known_version, state, last, ahead = schedule_parts(name)
  if known_version == version then
    statuses[row] = 'STORED'
  elseif known_version and basis == '' then
    statuses[row] = 'EXISTS'
  elseif known_version and known_version ~= basis then
    statuses[row] = 'CHANGED'
  elseif not known_version and basis ~= '' then
    statuses[row] = 'UNKNOWN'
  else
    local come, to_come = divided(ahead or '', now_ms)
    withdraw(to_come, now_ms)
    if state ~= 'paused' then
      state = slot == '' and 'over' or 'active'
    end
    redis.call('HSET', SCHEDULES, name, definition)
    write_schedule(name, version, state, last or '-', still_ahead(come, now_ms), slot)
    statuses[row] = 'STORED'
  end
end
return statuses
