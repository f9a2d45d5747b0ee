-- score = priority * 2^42 + run_at in server milliseconds; the largest is below 2^50, exact in a double.
local BAND = 4398046511104
-- Only another program can have written a score outside of these; the scrubber removes it.
local LOWEST, BEYOND = '0', '(1125899906842624'

-- The score of a task of the same priority as another score's that runs at a moment, at the latest there is.
local function score_at(score, run_at)
  score = tonumber(score)
  return score - score % BAND + math.min(run_at, BAND - 1)
end
