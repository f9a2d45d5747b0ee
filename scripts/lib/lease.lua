-- No worker asks for a longer one: a day.
local LONGEST_LEASE_MS = 86400000
