-- KEYS waiting
-- include: chunks
-- include: ending
-- include: keep
-- include: msgpack
-- include: failures
-- include: burial
-- include: traits
-- include: unfinished
-- How a waiting task ends that may not start any more: 'EXPIRED' or 'LOST' with the retention and the outcome of its
-- trait, or 'BURIED'. Returns nothing if it may start.
local function too_late(traits, now_ms)
  local _, retention_ms, outcome = string.match(traits, ONCE)
  if not outcome and (start_limit(traits) or math.huge) <= now_ms then
    _, retention_ms, outcome = string.match(traits, EXPIRES)
    if not outcome then
      return true
    end
  end
  return outcome and true, retention_ms, outcome
end

-- Ends those of the waiting tasks that may not start any more: as expired, as lost, or dead if a deadline is over.
-- Returns how many it ended.
local function end_too_late(ids, scores, traits, now_ms)
  local ended, outcomes, forgets, gone = {}, {}, {}, {}
  for index = 1, #ids do
    local id, score = ids[index], scores[index]
    local is_over, retention_ms, outcome = too_late(traits[index] or '', now_ms)
    if outcome then
      local count = #ended
      ended[count + 1] = id
      outcomes[2 * count + 1], outcomes[2 * count + 2] = id, unfinished(id, score, outcome, now_ms)
      forgets[2 * count + 1], forgets[2 * count + 2] = forget_score(now_ms, tonumber(retention_ms)), id
    elseif is_over then
      bury(id, text(tonumber(score)), overdue('no worker began its next attempt before its deadline', now_ms), now_ms)
    end
    if is_over then
      gone[#gone + 1] = id
    end
  end
  if #ended > 0 then
    finish(ended, outcomes, forgets)
  end
  call_in_chunks('ZREM', WAITING, gone)
  return #gone
end
