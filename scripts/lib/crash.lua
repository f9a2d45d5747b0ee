-- KEYS tries
-- include: holder
-- include: tries
-- include: leave
-- include: burial
-- include: cancelled
-- include: expiry
-- Takes a task from a process that died. `started` says whether its handler had, `crashed` whether the death counts
-- against it: after too many it is among the dead. Answers what became of it, and the score with which the caller shall
-- let it wait again.
local function take_back(id, score, started, crashed, crash_limit, failure, now_ms)
  leave({id})
  if end_if_cancelling(id, now_ms) then
    return 'CANCELLED'
  end
  if started then
    forget_expiry(id)
  end
  if crashed then
    local attempts, crashes, bounces, counted = tries_parts(redis.call('HGET', TRIES, id))
    redis.call('HSET', TRIES, id, tries_text(attempts, crashes + 1, bounces, counted))
    if crashes + 1 >= crash_limit then
      bury(id, score, failure, now_ms)
      return 'QUARANTINED'
    end
  end
  return 'RECOVERED', score
end
