-- include: score
-- include: text
-- The score, as text, with the priority of the former score and the due time `run_at` (ms), or the latest possible one.
local function reschedule(score, run_at)
  score = tonumber(score)
  return text(score - score % BAND + math.min(run_at, BAND - 1))
end
