-- score = priority * 2^42 + run_at in server milliseconds; the largest is below 2^50, exact in a double.
local BAND = 4398046511104
-- The range of valid scores. Only another program can have written a score outside of it; scrub.lua removes it.
local LOWEST, ABOVE_HIGHEST = '0', '(1125899906842624'
