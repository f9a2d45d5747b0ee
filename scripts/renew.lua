#!lua flags=allow-oom
-- LEASED -> LEASED  Extends leases, stores which handlers have started, and reports which tasks should be cancelled.
--
-- KEYS leases held cancelling
-- ARG lease_ms    int   length of the lease from now
-- ROW id          text  task
-- ROW token       int   fencing token of the worker's lease
-- ROW started_ms  int   when its handler started; 0 if it has not; -1 if the worker is stopping: if it dies now, the task counts as not started
-- Returns {'RENEWED'} per task
-- Returns {'CANCELLING'} per task: renewed, and its cancellation was asked for
-- Returns {'LOST'} per task: no lease with this token; nothing was changed
-- Cost O(tasks * log leases)
-- include: time
-- include: text
-- include: chunks
-- include: holder

local expiry = text(math.floor(server_us() / 1000) + lease_ms)
local ids = {}
for row, id in rows() do
  ids[row] = id
end
local holders, requests = fields(HELD, ids), fields(CANCELLING, ids)
local statuses, renewals, starts = {}, {}, {}

for row, id, token, started in rows() do
  if not holds(holders[row], token) then
    statuses[row] = 'LOST'
  else
    statuses[row] = requests[row] and 'CANCELLING' or 'RENEWED'
    renewals[#renewals + 1] = expiry
    renewals[#renewals + 1] = id
    local _, score, noted, worker = holder_parts(holders[row])
    -- A renewal that was sent before the start may arrive after one that reports it, so 0 never replaces a start.
    if started ~= '0' and noted and started ~= noted then
      starts[#starts + 1] = id
      starts[#starts + 1] = token .. ' ' .. score .. ' ' .. (started == '-1' and '0' or started) .. ' ' .. worker
    end
  end
end

call_in_chunks('ZADD', LEASES, renewals)
call_in_chunks('HSET', HELD, starts)
return statuses
