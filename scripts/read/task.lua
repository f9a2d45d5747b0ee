#!lua flags=no-writes
-- READ  Tells where tasks are and how they fare, without their records, which may be large.
--
-- KEYS[1] waiting     zset  id by score
-- KEYS[2] leases      zset  id by expiry (ms)
-- KEYS[3] held        hash  id -> holder
-- KEYS[4] tries       hash  id -> tries
-- KEYS[5] failures    hash  id -> score and last failure
-- KEYS[6] dead        zset  id by time of death (ms)
-- KEYS[7] cancelling  hash  id -> request
-- KEYS[8] outcomes    hash  id -> token and outcome
-- KEYS[9] finished    zset  id by the time it is forgotten (ms), BAND less where it may be sooner
-- ARGV[1..] id  text  task
-- Returns {now_ms, (place, number, holder, tries, failure, outcome, request)*} place is waiting, leased, dead, ended or unknown; number is the score, the expiry, the time of death or of being forgotten; '' for what there is not
-- Cost O(tasks * log waiting)
-- include: time
-- include: text
-- include: score
-- include: chunks

local ids = column(1, 1)
local held, tries, failures = fields(KEYS[3], ids), fields(KEYS[4], ids), fields(KEYS[5], ids)
local requests, outcomes = fields(KEYS[7], ids), fields(KEYS[8], ids)

local function place_of(index)
  local id = ids[index]
  if held[index] then
    return 'leased', redis.call('ZSCORE', KEYS[2], id)
  end
  local score = redis.call('ZSCORE', KEYS[1], id)
  if score then
    return 'waiting', score
  end
  local died = redis.call('ZSCORE', KEYS[6], id)
  if died then
    return 'dead', died
  end
  if outcomes[index] then
    local forgotten = redis.call('ZSCORE', KEYS[9], id)
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
  reply[at + 7] = requests[index] or ''
end
return reply
