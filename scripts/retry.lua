#!lua flags=allow-oom
-- LEASED -> WAITING  Counts a failed attempt, and lets the task wait for the next one with its former priority.
--
-- KEYS tries
-- ROW id        text   task
-- ROW token     int    fencing token of the worker's lease
-- ROW delay_ms  int    time until its next attempt
-- ROW failure   bytes  why it failed
-- Returns {'RETRIED'} per task
-- Returns {'CANCELLED'} per task: its cancellation was asked for, so it ended
-- Returns {'ALREADY'} per task: this attempt was counted before
-- Returns {'LOST'} per task: no lease with this token; nothing was changed
-- Cost O(tasks * log waiting)
-- include: time
-- include: reschedule
-- include: tries
-- include: giving_up
-- include: failures
-- include: expiry

local now_ms = math.floor(server_us() / 1000)
local statuses, entries = {}, {}
check_keys()

for row, id, token, delay_ms, failure in rows() do
  local status, score = give_up(id, token, now_ms)
  if score then
    local attempts, crashes, redeliveries = tries_parts(redis.call('HGET', TRIES, id))
    redis.call('HSET', TRIES, id, tries_text(attempts + 1, crashes, redeliveries, token))
    add_failure(id, score, failure)
    forget_expiry(id)
    entries[#entries + 1], entries[#entries + 2] = reschedule(score, now_ms + tonumber(delay_ms)), id
    status = 'RETRIED'
  elseif status == 'LOST' and select(4, tries_parts(redis.call('HGET', TRIES, id))) == token then
    status = 'ALREADY'
  end
  statuses[row] = status
end
enter(entries)
return statuses
