#!lua
-- SCHEDULED -> WAITING  Enqueues the tasks of slots of schedules, and lets each schedule go on to its next slot. Repeating the call changes nothing.
--
-- Whoever computes a slot names the version of the schedule and the slot that it believes to be the next one. If two
-- workers fire the same slot, the second finds another slot and does nothing.
--
-- KEYS firing tasks outcomes waiting held traits expiring
-- ROW name       text   schedule
-- ROW version    text   the version from which the task was made
-- ROW slot       text   the slot that is believed to be the next one (server ms)
-- ROW following  text   the slot after it, '' if there is none
-- ROW overlap    text   `allow`; `skip` to enqueue nothing while the task of the slot before has not ended; `pass` to enqueue nothing
-- ROW id         text   task of the slot
-- ROW priority   int    0 to 255
-- ROW run_at     text   when the task is to run (server ms)
-- ROW record     bytes  digest (8 bytes) and body
-- ROW traits     text   '' for a plain task; else as for an enqueue, without a unique key
-- Returns {'FIRED'} per slot: its task waits
-- Returns {'EXISTS'} per slot: a task with this id was there before; the schedule goes on
-- Returns {'SKIPPED'} per slot: nothing was enqueued; the schedule goes on
-- Returns {'NOT_DUE'} per slot: whether the slot before has ended is asked when this one is due; nothing was written
-- Returns {'MOVED'} per slot: the schedule has another version or another next slot, is paused or gone; nothing was written
-- Cost O(slots * log waiting)
-- include: time
-- include: enter
-- include: format
-- include: timed_traits
-- include: schedules

local now_ms = math.floor(server_us() / 1000)
local statuses = {}
check_keys()

local function is_known(id)
  return redis.call('HEXISTS', TASKS, id) == 1 or redis.call('HEXISTS', OUTCOMES, id) == 1
end

local function has_not_ended(id)
  return redis.call('ZSCORE', WAITING, id) or redis.call('HEXISTS', HELD, id) == 1
end

local function add(id, priority, run_at, record, traits)
  redis.call('HSET', TASKS, id, record)
  if traits ~= '' then
    local kept, moment, format_of = timed_traits(traits, now_ms)
    need_format(format_of)
    redis.call('HSET', TRAITS, id, kept)
    if moment then
      redis.call('ZADD', EXPIRING, moment, id)
    end
  end
  enter({text(tonumber(priority) * BAND + tonumber(run_at)), id})
end

for row, name, version, slot, following, overlap, id, priority, run_at, record, traits in rows() do
  local known_version, state, last, ahead = schedule_parts(name)
  local next_slot = redis.call('ZSCORE', FIRING, name)
  local status = 'FIRED'
  if known_version ~= version or not next_slot or text(tonumber(next_slot)) ~= slot then
    status = 'MOVED'
  elseif overlap == 'skip' and tonumber(slot) > now_ms then
    status = 'NOT_DUE'
  elseif overlap == 'pass' or (overlap == 'skip' and has_not_ended(last)) then
    status = 'SKIPPED'
  elseif is_known(id) then
    status = 'EXISTS'
  else
    add(id, priority, run_at, record, traits)
  end
  if status ~= 'MOVED' and status ~= 'NOT_DUE' then
    ahead = still_ahead(ahead, now_ms)
    if status ~= 'SKIPPED' then
      last = id
      ahead = ahead .. (tonumber(run_at) > now_ms and ahead_part(slot, run_at, id) or '')
    end
    state = following == '' and 'over' or 'active'
    write_schedule(name, version, state, last, ahead, following)
  end
  statuses[row] = status
end
return statuses
