#!lua flags=allow-oom
-- LEASED -> WAITING|DEAD  Lets tasks wait again for which it was too early; no attempt is counted.
--
-- ROW id        text  task
-- ROW token     int   fencing token of the worker's lease
-- ROW delay_ms  int   time until it is due again
-- Returns {'SNOOZED'} per task
-- Returns {'BURIED'} per task: it would not start again before its deadline, so it is dead
-- Returns {'CANCELLED'} per task: its cancellation was asked for, so it ended
-- Returns {'NOT_AGAIN'} per task: it may start only once and has, so it ended as lost
-- Returns {'LOST'} per task: no lease with this token; nothing was changed
-- Cost O(tasks * log waiting)
-- include: time
-- include: reschedule
-- include: giving_up
-- include: traits
-- include: failures
-- include: burial

local now_ms = math.floor(server_us() / 1000)
local statuses, entries = {}, {}
check_keys()

for row, id, token, delay_ms in rows() do
  local status, score = give_up(id, token, now_ms)
  if score then
    local run_at = now_ms + tonumber(delay_ms)
    if run_at < note_started(id) then
      entries[#entries + 1], entries[#entries + 2] = reschedule(score, run_at), id
      status = 'SNOOZED'
    else
      bury(id, score, overdue('it was still too early for it, and later its deadline is over', now_ms), now_ms)
      status = 'BURIED'
    end
  end
  statuses[row] = status
end
enter(entries)
return statuses
