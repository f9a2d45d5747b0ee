-- KEYS fired firing waiting
-- include: text
-- include: score
-- include: ending
-- `fired` has for each schedule 'version state last', followed by ' slot run_at id' for each task that was enqueued ahead
-- of its time. `state` is `active`, `paused`, or `over` if no slot is left; `last` is the task of the slot that was fired
-- last, '-' if none was. `firing` has the next slot of each active schedule.
local FIRED_FORM = '^(%S+) (%l+) (%S+)(.*)$'
local AHEAD_FORM = ' (%d+) (%d+) (%S+)'

-- The version, the state, the last task and the tasks ahead of a schedule; nil if there is none of this name.
local function schedule_parts(name)
  return string.match(redis.call('HGET', FIRED, name) or '', FIRED_FORM)
end

local function write_schedule(name, version, state, last, ahead, slot)
  redis.call('HSET', FIRED, name, version .. ' ' .. state .. ' ' .. last .. ahead)
  if state == 'active' then
    redis.call('ZADD', FIRING, slot, name)
  else
    redis.call('ZREM', FIRING, name)
  end
end

local function ahead_part(slot, run_at, id)
  return ' ' .. slot .. ' ' .. run_at .. ' ' .. id
end

-- Those of the tasks ahead whose time has not come.
local function still_ahead(ahead, now_ms)
  local kept = {}
  for slot, run_at, id in string.gmatch(ahead, AHEAD_FORM) do
    if tonumber(run_at) > now_ms then
      kept[#kept + 1] = ahead_part(slot, run_at, id)
    end
  end
  return table.concat(kept)
end

-- Divides the tasks ahead into those whose slot has come, which wait for the jitter of their schedule, and the others.
local function divided(ahead, now_ms)
  local come, to_come = {}, {}
  for slot, run_at, id in string.gmatch(ahead, AHEAD_FORM) do
    local part = tonumber(slot) > now_ms and to_come or come
    part[#part + 1] = ahead_part(slot, run_at, id)
  end
  return table.concat(come), table.concat(to_come)
end

-- Removes the tasks that were enqueued ahead and whose time has not come, as if they had never been enqueued: the same
-- slot may be fired again, under the same id. A task that is leased starts all the same; one that waits for another time
-- than that of its slot has run before, or somebody has moved it.
local function withdraw(ahead, now_ms)
  local ids = {}
  for _, run_at, id in string.gmatch(ahead, AHEAD_FORM) do
    local score = redis.call('ZSCORE', WAITING, id)
    if tonumber(run_at) > now_ms and score and text(tonumber(score) % BAND) == run_at then
      ids[#ids + 1] = id
    end
  end
  if #ids == 0 then
    return
  end
  -- include: watched
  local extras = used_extras()
  call_in_chunks('ZREM', WAITING, ids)
  forget_tasks(ids, extras)
  tell_end(ids)
end
