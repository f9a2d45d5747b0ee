#!lua flags=allow-oom
-- LEASED -> WAITING  Lets tasks wait again that did not run, or whose handler was interrupted; no attempt is counted.
--
-- KEYS tries
-- ROW id        text  task
-- ROW token     int   fencing token of the worker's lease
-- ROW pause_ms  int   0: it waits with its former score; more: it is due after this time, and a redelivery is counted
-- ROW started   int   1 if its handler had started, so that it does not expire any more, else 0
-- Returns {'RELEASED'} per task
-- Returns {'CANCELLED'} per task: its cancellation was asked for, so it ended
-- Returns {'NOT_AGAIN'} per task: it may start only once and has, so it ended as lost
-- Returns {'LOST'} per task: no lease with this token; nothing was changed
-- Cost O(tasks * log waiting)
-- include: time
-- include: reschedule
-- include: tries
-- include: giving_up
-- include: traits

local now_ms = math.floor(server_us() / 1000)
local statuses, entries = {}, {}
check_keys()

local function redelivered(id, score, pause_ms)
  local attempts, crashes, redeliveries, counted = tries_parts(redis.call('HGET', TRIES, id))
  redis.call('HSET', TRIES, id, tries_text(attempts, crashes, redeliveries + 1, counted))
  return reschedule(score, now_ms + pause_ms)
end

for row, id, token, pause_text, started in rows() do
  local status, score = give_up(id, token, now_ms, started == '0')
  if score then
    local pause_ms = tonumber(pause_text)
    if started == '1' then
      note_started(id)
    end
    entries[#entries + 1], entries[#entries + 2] = pause_ms > 0 and redelivered(id, score, pause_ms) or score, id
    status = 'RELEASED'
  end
  statuses[row] = status
end
enter(entries)
return statuses
