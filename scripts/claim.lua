#!lua flags=allow-oom
-- WAITING -> LEASED|EXPIRED  Leases the best due tasks, and those about to fall due, to one worker under a new token.
--
-- In three steps: it picks the best tasks, admits those that may start, and leases what was admitted.
--
-- KEYS waiting leases held tries claims fence wake
-- ARG worker          text  who claims
-- ARG nonce           text  of this request; repeated, it is answered with the same tasks as far as still held
-- ARG limit           int   due tasks at most
-- ARG ahead_ms        int   how far ahead a task may fall due
-- ARG ahead_limit     int   tasks not yet due at most
-- ARG lease_ms        int   length of the lease
-- ARG longest_record  int   bytes of a record at most; of a longer one the length is given, as an integer
-- Returns {'CLAIMED', now_us, token, next_due_ms, (id, score, tries, record)*} next_due_ms is when a further task is due, '' for none
-- Returns {'STRAY', now_us, ''} a later request of this worker was answered before; nothing is leased, as nobody would know
-- Returns {'EMPTY', now_us, next_due_ms} nothing is due, or so much has expired that the claim shall be repeated at once
-- Cost O((bands in use + tasks taken + tasks expired) * log waiting)
-- include: time
-- include: text
-- include: score
-- include: chunks
-- include: holder
-- include: claims
-- include: pick
-- include: admit
-- include: records

local now_us = server_us()
local now_ms = math.floor(now_us / 1000)
-- How many tasks that may not start any more a claim ends, about.
local LOOKS = 200
local line = claim_line(worker, nonce)
local previous = redis.call('HGET', CLAIMS, line)

-- Requests are numbered: their nonces end with larger and larger numbers.
local latest = previous and tonumber(string.match(previous, '^%S-(%d+) '))
if latest and latest > (tonumber(string.match(nonce, '%d+$')) or latest) then
  return {'STRAY', text(now_us), ''}
end

-- Leases tasks. What a key of another type makes fail comes before anything is written: all others have been read by now.
local function lease(ids, scores, next_due)
  redis.call('ZCARD', LEASES)
  local wakes = next_due == now_ms and redis.call('LLEN', WAKE) == 0
  local last = tonumber(redis.call('GET', FENCE) or '0') or 0
  -- What another program wrote there, such as a number too large to grow, counts as lost.
  local token = text(last < 2 ^ 53 and math.max(last + 1, now_us) or now_us)
  local expiry = text(now_ms + lease_ms)
  local leases, holders = {}, {}
  local before, after = token .. ' ', ' 0 ' .. worker
  for index = 1, #ids do
    leases[index * 2 - 1], leases[index * 2] = expiry, ids[index]
    holders[index * 2 - 1], holders[index * 2] = ids[index], before .. scores[index] .. after
  end
  call_in_chunks('HSET', HELD, holders)
  call_in_chunks('ZADD', LEASES, leases)
  call_in_chunks('ZREM', WAITING, ids)
  redis.call('SET', FENCE, token)
  redis.call('HSET', CLAIMS, line, nonce .. ' ' .. token .. ' ' .. table.concat(ids, ' '))
  if wakes then
    redis.call('RPUSH', WAKE, '1')
  end
  return token
end

-- Picks until nothing that was picked has expired, or enough has: then more may, and the claim shall be repeated.
local function pick_and_admit()
  local looks = LOOKS
  while true do
    local ids, scores, next_due = pick(now_ms, limit, now_ms + ahead_ms, ahead_limit)
    local expired = admit(ids, now_ms)
    if expired == 0 then
      return ids, scores, next_due
    end
    looks = looks - expired
    if looks <= 0 then
      return {}, {}, now_ms
    end
  end
end

-- The reply of the same request was lost: what is still held under its token is given again.
local function repeat_claim()
  local token, listed = string.match(previous, '^%S+ (%d+) (.*)$')
  local all, ids, scores = {}, {}, {}
  for id in string.gmatch(listed or '', '%S+') do
    all[#all + 1] = id
  end
  local holders = fields(HELD, all)
  for index = 1, #all do
    local held_under, score = holder_parts(holders[index])
    if held_under == token then
      ids[#ids + 1], scores[#scores + 1] = all[index], score
    end
  end
  return ids, scores, token
end

local ids, scores, next_due, token, records
if previous and string.sub(previous, 1, #nonce + 1) == nonce .. ' ' then
  ids, scores, token = repeat_claim()
  records = read_records(ids, longest_record, true)
  next_due = now_ms
else
  ids, scores, next_due = pick_and_admit()
  records = read_records(ids, longest_record, false)
  for index = #ids + 1, #scores do
    next_due = math.min(next_due or BAND, math.max(scores[index] % BAND, now_ms))
  end
end
local tries = fields(TRIES, ids)
if #ids > 0 and not token then
  token = lease(ids, scores, next_due)
end

local due = next_due and text(next_due) or ''
if #ids == 0 then
  if next_due ~= now_ms then
    redis.call('DEL', WAKE)
  end
  if previous then
    redis.call('HDEL', CLAIMS, line)
  end
  return {'EMPTY', text(now_us), due}
end

local reply = {'CLAIMED', text(now_us), token, due}
for index = 1, #ids do
  local at = 4 * index
  reply[at + 1], reply[at + 2] = ids[index], scores[index]
  reply[at + 3], reply[at + 4] = tries[index] or '', records[index] or ''
end
return reply
