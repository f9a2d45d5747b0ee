-- KEYS leases held
-- include: chunks
-- Ends the leases of tasks. The caller then lets each task wait again or ends it.
local function leave(ids)
  call_in_chunks('ZREM', LEASES, ids)
  call_in_chunks('HDEL', HELD, ids)
end
