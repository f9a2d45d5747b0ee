#!lua flags=no-writes
-- READ  Reports the states of tasks and all that is stored about them, except their records, which may be large.
--
-- KEYS waiting leases held tries failures dead cancelling traits outcomes finished
-- ROW id  text  task
-- Returns {now_ms, (place, number, holder, tries, failure, outcome, request, traits)*} place is waiting, leased, dead, ended or unknown; number is, in this order, the score, the end of the lease, the time of death, or when the outcome is forgotten; a value that does not exist is ''
-- Cost O(tasks * log waiting)
-- include: time
-- include: text
-- include: score
-- include: chunks

local ids = {}
for row, id in rows() do
  ids[row] = id
end
local held, tries, failures = fields(HELD, ids), fields(TRIES, ids), fields(FAILURES, ids)
local requests, outcomes, traits = fields(CANCELLING, ids), fields(OUTCOMES, ids), fields(TRAITS, ids)

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

local reply = {text(math.floor(server_us() / 1000))}
for index = 1, #ids do
  local place, number = place_of(index)
  local at = #reply
  reply[at + 1], reply[at + 2] = place, number and text(tonumber(number)) or ''
  reply[at + 3], reply[at + 4] = held[index] or '', tries[index] or ''
  reply[at + 5], reply[at + 6] = failures[index] or '', outcomes[index] or ''
  reply[at + 7], reply[at + 8] = requests[index] or '', traits[index] or ''
end
return reply
