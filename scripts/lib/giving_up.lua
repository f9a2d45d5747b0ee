-- KEYS held
-- include: holder
-- include: leave
-- include: enter
-- include: cancelled
-- include: once
-- Ends a worker's lease of a task that is not finished. Returns nil and the score with which the caller must let the
-- task wait again; or 'CANCELLED' if someone asked to cancel it, or 'NOT_AGAIN' if it may start only once and has, so that
-- it ended here; or 'LOST' if there is no lease with this token. `has_not_started`: the worker knows that it has not.
local function give_up(id, token, now_ms, has_not_started)
  local holder = redis.call('HGET', HELD, id)
  local _, score = holder_parts(holder)
  if not (score and holds(holder, token)) then
    return 'LOST'
  end
  leave({id})
  if end_if_cancelling(id, score, now_ms) then
    return 'CANCELLED'
  elseif has_not_started then
    forget_start(id)
  elseif end_if_started_once(id, score, now_ms) then
    return 'NOT_AGAIN'
  end
  return nil, score
end
