-- One day: no worker asks for a longer lease.
local LONGEST_LEASE_MS = 86400000
