-- score = priority * 2^42 + run_at in server milliseconds; the largest is below 2^50, exact in a double.
local BAND = 4398046511104
-- What is outside of these only somebody else can have written; the scrubber removes it.
local LOWEST, BEYOND = '0', '(1125899906842624'

local function band_of(score)
  return math.floor(score / BAND)
end
