-- KEYS waiting leases held tries failures dead cancelling traits checkpoints outcomes finished
-- include: text
-- include: score
-- include: chunks
-- All that is stored about tasks, except their records, as the list (place, number, holder, tries, failure, outcome,
-- request, traits, checkpoint)*. place is waiting, leased, dead, ended or unknown; number is, in this order, the score, the end of the
-- lease, the time of death, or when the outcome is forgotten; checkpoint is the size of the checkpoint in bytes, 0 if
-- there is none; any other value that does not exist is ''.
local FACTS = 9

local function describe(ids)
  local held, tries, failures = fields(HELD, ids), fields(TRIES, ids), fields(FAILURES, ids)
  local requests, outcomes, traits = fields(CANCELLING, ids), fields(OUTCOMES, ids), fields(TRAITS, ids)

  local has_checkpoints = redis.call('HLEN', CHECKPOINTS) > 0

  local function place_of(index)
    local id = ids[index]
    if held[index] then
      return 'leased', redis.call('ZSCORE', LEASES, id)
    end
    local score = redis.call('ZSCORE', WAITING, id)
    if score then
      return 'waiting', score
    end
    local died = redis.call('ZSCORE', DEAD, id)
    if died then
      return 'dead', died
    end
    if outcomes[index] then
      local forgotten = redis.call('ZSCORE', FINISHED, id)
      return 'ended', forgotten and tonumber(forgotten) % BAND
    end
    return 'unknown'
  end

  local facts = {}
  for index = 1, #ids do
    local place, number = place_of(index)
    local at = (index - 1) * FACTS
    facts[at + 1], facts[at + 2] = place, number and text(tonumber(number)) or ''
    facts[at + 3], facts[at + 4] = held[index] or '', tries[index] or ''
    facts[at + 5], facts[at + 6] = failures[index] or '', outcomes[index] or ''
    facts[at + 7], facts[at + 8] = requests[index] or '', traits[index] or ''
    facts[at + 9] = text(has_checkpoints and redis.call('HSTRLEN', CHECKPOINTS, ids[index]) or 0)
  end
  return facts
end
