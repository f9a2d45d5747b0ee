#!lua flags=allow-oom
-- LEASED -> WAITING  Lets tasks wait again for which it was too early; no attempt is counted.
--
-- ROW id        text  task
-- ROW token     int   fencing token of the worker's lease
-- ROW delay_ms  int   time until it is due again
-- Returns {'SNOOZED'} per task
-- Returns {'CANCELLED'} per task: its cancellation was asked for, so it ended
-- Returns {'LOST'} per task: no lease with this token; nothing was changed
-- Cost O(tasks * log waiting)
-- include: time
-- include: reschedule
-- include: giving_up
-- include: expiry

local now_ms = math.floor(server_us() / 1000)
local statuses, entries = {}, {}
check_keys()

for row, id, token, delay_ms in rows() do
  local status, score = give_up(id, token, now_ms)
  if score then
    forget_expiry(id)
    entries[#entries + 1], entries[#entries + 2] = reschedule(score, now_ms + tonumber(delay_ms)), id
    status = 'SNOOZED'
  end
  statuses[row] = status
end
enter(entries)
return statuses
