-- KEYS waiting leases held tries failures dead cancelling traits checkpoints outcomes finished
-- include: text
-- include: score
-- include: chunks
-- include: scores
-- All that is stored about tasks, except their records, as the list (place, number, holder, tries, failure, outcome,
-- request, traits, checkpoint)*. place is waiting, leased, dead, ended or unknown; number is, in this order, the score, the end of the
-- lease, the time of death, or when the outcome is forgotten; checkpoint is the size of the checkpoint in bytes, 0 if
-- there is none; any other value that does not exist is ''.
local FACTS = 9
local PORTION = 4

-- Failures and outcomes may be large. If `most_bytes` is given, the list ends soon after so many bytes of them.
local function describe(ids, most_bytes)
  local held, tries = fields(HELD, ids), fields(TRIES, ids)
  local requests, traits = fields(CANCELLING, ids), fields(TRAITS, ids)
  local scores, died = scores_of(WAITING, ids), scores_of(DEAD, ids)
  local has_checkpoints = redis.call('HLEN', CHECKPOINTS) > 0
  local facts, bytes = {}, 0

  local function place_of(index, outcome)
    local id = ids[index]
    if held[index] then
      return 'leased', redis.call('ZSCORE', LEASES, id)
    end
    if scores[index] then
      return 'waiting', scores[index]
    end
    if died[index] then
      return 'dead', died[index]
    end
    if outcome then
      local forgotten = redis.call('ZSCORE', FINISHED, id)
      return 'ended', forgotten and tonumber(forgotten) % BAND
    end
    return 'unknown'
  end

  local function add(index, failure, outcome)
    local place, number = place_of(index, outcome)
    local at = #facts
    facts[at + 1], facts[at + 2] = place, number and text(tonumber(number)) or ''
    facts[at + 3], facts[at + 4] = held[index] or '', tries[index] or ''
    facts[at + 5], facts[at + 6] = failure or '', outcome or ''
    facts[at + 7], facts[at + 8] = requests[index] or '', traits[index] or ''
    facts[at + 9] = text(has_checkpoints and redis.call('HSTRLEN', CHECKPOINTS, ids[index]) or 0)
    bytes = bytes + #(failure or '') + #(outcome or '')
  end

  for first = 1, #ids, PORTION do
    local portion = {unpack(ids, first, math.min(first + PORTION - 1, #ids))}
    local failures, outcomes = fields(FAILURES, portion), fields(OUTCOMES, portion)
    for index = 1, #portion do
      add(first + index - 1, failures[index], outcomes[index])
    end
    if most_bytes and bytes > most_bytes then
      break
    end
  end
  return facts
end
