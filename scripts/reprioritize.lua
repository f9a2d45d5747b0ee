#!lua flags=allow-oom
-- WAITING -> WAITING  Changes the priority and the due time of waiting tasks; their ids and other data stay the same.
--
-- KEYS waiting held dead outcomes traits
-- ROW id        text  task
-- ROW priority  text  0 to 255, '' to keep it
-- ROW when      text  +delay or @time, in milliseconds, '' to keep it
-- Returns {'REPRIORITIZED'} per task: it waits with the new priority and due time; a task that waits until another one has ended waits on, and has its new due time then
-- Returns {'LEASED'} per task: a worker has leased it; not changed
-- Returns {'TOO_LATE'} per task: it would run after the year 2109; not changed
-- Returns {'EXPIRES'} per task: it may not start any more at the new due time; not changed
-- Returns {'ENDED'} per task: it had ended before
-- Returns {'UNKNOWN'} per task: never enqueued, or already forgotten
-- Cost O(tasks * log waiting)
-- include: time
-- include: text
-- include: score
-- include: enter
-- include: moment
-- include: traits
-- include: unique

local now_ms = math.floor(server_us() / 1000)
local statuses, entries = {}, {}
check_keys()

local function place_of(id)
  if redis.call('HEXISTS', HELD, id) == 1 then
    return 'LEASED'
  elseif redis.call('ZSCORE', DEAD, id) or redis.call('HEXISTS', OUTCOMES, id) == 1 then
    return 'ENDED'
  end
  return 'UNKNOWN'
end

for row, id, priority, when in rows() do
  local score = tonumber(redis.call('ZSCORE', WAITING, id))
  if not score then
    statuses[row] = place_of(id)
  else
    local run_at = when == '' and score % BAND or moment_of(when, now_ms)
    local base = priority == '' and score - score % BAND or tonumber(priority) * BAND
    if run_at >= BAND then
      statuses[row] = 'TOO_LATE'
    elseif when ~= '' and (start_limit(redis.call('HGET', TRAITS, id) or '') or math.huge) <= run_at then
      statuses[row] = 'EXPIRES'
    else
      statuses[row] = 'REPRIORITIZED'
      run_at = when == '' and run_at or due_time(id, score, run_at)
      entries[#entries + 1], entries[#entries + 2] = text(base + run_at), id
    end
  end
end
enter(entries)
return statuses
