-- KEYS tries
-- include: holder
-- include: tries
-- include: leave
-- include: burial
-- include: failures
-- include: cancelled
-- include: traits
-- include: once
-- Ends the lease of a process that died. `started`: the task's handler had started, so this was an attempt that failed.
-- `crashed`: the death counts as a crash of the task; with `crash_limit` crashes it is quarantined, that is, buried as
-- dead. Returns the status and, if it is RECOVERED, the score with which the caller must let the task wait again.
local function take_back(id, holder, started, crashed, crash_limit, failure, now_ms)
  local _, score, started_ms, worker = holder_parts(holder)
  leave({id})
  if end_if_cancelling(id, score, now_ms) then
    return 'CANCELLED'
  elseif end_if_started_once(id, score, now_ms) then
    return 'NOT_AGAIN'
  end
  if started then
    note_started(id)
    add_failure(id, score, death_under(worker, started_ms, now_ms))
  end
  if crashed then
    local attempts, crashes, redeliveries, counted = tries_parts(redis.call('HGET', TRIES, id))
    redis.call('HSET', TRIES, id, tries_text(attempts, crashes + 1, redeliveries, counted))
    if crashes + 1 >= crash_limit then
      bury(id, score, failure, now_ms)
      return 'QUARANTINED'
    end
  end
  return 'RECOVERED', score
end
