#!lua flags=allow-oom
-- LEASED -> WAITING|DEAD  Counts a failed attempt, and lets the task wait for the next one with its former priority.
--
-- KEYS tries
-- ROW id        text   task
-- ROW token     int    fencing token of the worker's lease
-- ROW delay_ms  int    time until its next attempt
-- ROW failure   bytes  why it failed
-- ROW until_ms  int    from this moment of the server on, no other attempt may begin; 0 for no such moment
-- Returns {'RETRIED'} per task
-- Returns {'BURIED'} per task: the next attempt would not begin before its deadline, so it is dead
-- Returns {'CANCELLED'} per task: its cancellation was asked for, so it ended
-- Returns {'NOT_AGAIN'} per task: it may start only once and has, so it ended as lost
-- Returns {'ALREADY'} per task: this attempt was counted before
-- Returns {'LOST'} per task: no lease with this token; nothing was changed
-- Cost O(tasks * log waiting)
-- include: time
-- include: reschedule
-- include: tries
-- include: giving_up
-- include: failures
-- include: traits
-- include: burial

local now_ms = math.floor(server_us() / 1000)
local statuses, entries = {}, {}
check_keys()

for row, id, token, delay_ms, failure, until_ms in rows() do
  local status, score = give_up(id, token, now_ms)
  if score then
    local attempts, crashes, redeliveries = tries_parts(redis.call('HGET', TRIES, id))
    redis.call('HSET', TRIES, id, tries_text(attempts + 1, crashes, redeliveries, token))
    local run_at = now_ms + tonumber(delay_ms)
    if run_at < note_started(id, until_ms ~= '0' and tonumber(until_ms) or nil) then
      add_failure(id, score, failure)
      entries[#entries + 1], entries[#entries + 2] = reschedule(score, run_at), id
      status = 'RETRIED'
    else
      bury(id, score, as_last(failure), now_ms)
      status = 'BURIED'
    end
  elseif status == 'LOST' and select(4, tries_parts(redis.call('HGET', TRIES, id))) == token then
    status = 'ALREADY'
  end
  statuses[row] = status
end
enter(entries)
return statuses
