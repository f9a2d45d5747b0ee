-- include: score
-- include: text
-- The score, as text, with which a task waits at a moment, or at the latest there is, in the band of its former score.
local function reschedule(score, run_at)
  score = tonumber(score)
  return text(score - score % BAND + math.min(run_at, BAND - 1))
end
