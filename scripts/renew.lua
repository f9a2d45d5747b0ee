#!lua flags=allow-oom
-- LEASED -> LEASED  Lengthens leases, notes which tasks have started, and tells which shall be cancelled.
--
-- KEYS[1] leases      zset  id by expiry (ms)
-- KEYS[2] held        hash  id -> holder
-- KEYS[3] cancelling  hash  id -> request
-- ARGV[1] lease_ms  int  length of the lease from now
-- ARGV[2..] id          text  task
-- ARGV[3..] token       int   under which it is held
-- ARGV[4..] started_ms  int   when its handler started, 0 if it has not, -1 if its worker stops: should it die now, that is not held against the task
-- Returns {'RENEWED'} per task
-- Returns {'CANCELLING'} per task: renewed, and its cancellation was asked for
-- Returns {'LOST'} per task: not held under this token; nothing was changed
-- Cost O(tasks * log leases)
-- include: time
-- include: text
-- include: chunks
-- include: holder

local expiry = text(math.floor(server_us() / 1000) + tonumber(ARGV[1]))
local ids = column(2, 3)
local holders = fields(KEYS[2], ids)
local requests = fields(KEYS[3], ids)
local statuses, renewals, starts = {}, {}, {}

for index = 1, #ids do
  local id, token, started = ids[index], ARGV[index * 3], ARGV[index * 3 + 1]
  if not holds(holders[index], token) then
    statuses[index] = 'LOST'
  else
    statuses[index] = requests[index] and 'CANCELLING' or 'RENEWED'
    renewals[#renewals + 1] = expiry
    renewals[#renewals + 1] = id
    local _, score, noted, worker = holder_parts(holders[index])
    -- A renewal from before the start may arrive after it.
    if started ~= '0' and noted and started ~= noted then
      starts[#starts + 1] = id
      starts[#starts + 1] = token .. ' ' .. score .. ' ' .. (started == '-1' and '0' or started) .. ' ' .. worker
    end
  end
end

call_in_chunks('ZADD', KEYS[1], renewals)
call_in_chunks('HSET', KEYS[2], starts)
return statuses
