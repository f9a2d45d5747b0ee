#!lua flags=allow-oom
-- LEASED -> WAITING|DEAD|CANCELLED  Takes back tasks whose lease ended. One worker does it at a time.
--
-- After a pause in which nobody reaped, such as an outage of Redis, and when it is not known how long nobody did, as
-- after the clock was set back, nothing is reaped for a grace, so that live workers renew first. A pause within a
-- grace that is shorter than what a renewed lease lasts makes it longer, by the pause and to half a lease from now, in
-- which keepers come round again; it does not begin anew, or nothing would be reaped where pauses never cease. What
-- ends later than the longest lease would that began now stems from before the clock was set back, and is cut to that;
-- live workers renew it. A lease that ended counts as a crash of a task that had started, and makes any other a
-- suspect, which is never quarantined for that alone.
--
-- KEYS[1] waiting     zset    id by score
-- KEYS[2] tasks       hash    id -> record
-- KEYS[3] leases      zset    id by expiry (ms)
-- KEYS[4] held        hash    id -> holder
-- KEYS[5] tries       hash    id -> tries
-- KEYS[6] failures    hash    id -> last failure
-- KEYS[7] dead        zset    id by time of death (ms)
-- KEYS[8] cancelling  hash    id -> request
-- KEYS[9] outcomes    hash    id -> token and outcome
-- KEYS[10] finished   zset    id by the time it is forgotten (ms), BAND less where it may be sooner
-- KEYS[11] claims     hash    worker -> latest claim
-- KEYS[12] wake       list    at most one element
-- KEYS[13] reaper     string  'worker until_ms grace_until_ms longest_lease_ms'
-- KEYS[14] layout     string  counts of shards of the queue; absent for one shard
-- ARGV[1] worker       text   who reaps
-- ARGV[2] hold_ms      int    how long others leave it to this worker
-- ARGV[3] grace_ms     int    after a pause of more than twice hold_ms, reckoned from the last call that was not BUSY
-- ARGV[4] limit        int    tasks at most, and leases that are cut
-- ARGV[5] crash_limit  int    crashes that quarantine a task
-- ARGV[6] failure      bytes  of a quarantined task
-- ARGV[7] lease_ms     int    length of this worker's leases
-- Returns {'REAPED', now_ms, layout, next_expiry_ms, (id, status)*} next_expiry_ms is '' without leases; status is RECOVERED, QUARANTINED or CANCELLED
-- Returns {'GRACE', now_ms, layout, until_ms} nothing is reaped until then
-- Returns {'BUSY', now_ms, layout, until_ms} another worker reaps until then
-- Cost O((tasks reaped + leases cut) * log waiting)
-- include: time
-- include: types
-- include: claims
-- include: text
-- include: score
-- include: holder
-- include: lease
-- include: tries
-- include: wake
-- include: outcome
-- include: cancelled
-- include: crash
-- include: layout

local now_ms = math.floor(server_us() / 1000)
local layout = layout_of(KEYS[14])
local worker, hold_ms, grace_ms, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local crash_limit, lease_ms = tonumber(ARGV[5]), tonumber(ARGV[7])
local keys = {
  waiting = KEYS[1], tasks = KEYS[2], leases = KEYS[3], held = KEYS[4], tries = KEYS[5], failures = KEYS[6],
  dead = KEYS[7], cancelling = KEYS[8], outcomes = KEYS[9], finished = KEYS[10],
}

local function note(leader, until_ms, grace_until, longest_ms)
  local times = text(until_ms) .. ' ' .. text(grace_until) .. ' ' .. text(longest_ms)
  redis.call('SET', KEYS[13], leader .. ' ' .. times)
end

local leader, until_ms, grace_until, known_ms = string.match(
  redis.call('GET', KEYS[13]) or '', '^(%S+) (%d+) (%d+) (%d+)$'
)
until_ms, grace_until, known_ms = tonumber(until_ms), tonumber(grace_until or '0'), tonumber(known_ms or '0')
local longest_ms = math.max(math.min(known_ms, LONGEST_LEASE_MS), lease_ms)
local latest_end = now_ms + longest_ms
if leader and leader ~= worker and until_ms > now_ms and until_ms <= latest_end then
  if longest_ms > known_ms then
    note(leader, until_ms, grace_until, longest_ms)
  end
  return {'BUSY', text(now_ms), layout, text(until_ms)}
end
local latest_grace = now_ms + grace_ms
local reaped_ms = (until_ms or now_ms) - hold_ms
local paused_ms = now_ms - reaped_ms
if not leader then
  grace_until = redis.call('ZCARD', KEYS[3]) > 0 and latest_grace or 0
elseif until_ms > latest_end or grace_until > latest_grace then
  grace_until = latest_grace
elseif paused_ms > 2 * hold_ms then
  local is_short = grace_until > reaped_ms and paused_ms <= lease_ms / 2 + hold_ms
  local lengthened = math.max(grace_until + paused_ms, now_ms + lease_ms / 2)
  grace_until = is_short and math.min(math.ceil(lengthened), latest_grace) or latest_grace
end
check_sorted(KEYS[1], KEYS[3], KEYS[7], KEYS[10])
check_hashes(KEYS[2], KEYS[4], KEYS[5], KEYS[6], KEYS[8], KEYS[9], KEYS[11])
check_list(KEYS[12])
note(worker, now_ms + hold_ms, grace_until, longest_ms)
local overlong = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. text(latest_end), '+inf', 'LIMIT', 0, limit)
for index = 1, #overlong do
  redis.call('ZADD', KEYS[3], text(latest_end), overlong[index])
end
if grace_until > now_ms then
  return {'GRACE', text(now_ms), layout, text(grace_until)}
end

local reply = {'REAPED', text(now_ms), layout, ''}
local expired = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', text(now_ms), 'LIMIT', 0, limit)
for index = 1, #expired do
  local id = expired[index]
  local holder = redis.call('HGET', KEYS[4], id)
  local _, _, started = holder_parts(holder)
  if started then
    local _, crashes = tries_parts(redis.call('HGET', KEYS[5], id))
    local crashed = started ~= '0' or (crashes == 0 and crash_limit > 1)
    reply[#reply + 1] = id
    reply[#reply + 1] = take_back(keys, id, holder, crashed, crash_limit, ARGV[6], now_ms)
  else
    redis.call('ZREM', KEYS[3], id)
  end
end
if #expired > 0 then
  wake_one(KEYS[12])
end

local nearest = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
if nearest[1] then
  reply[4] = text(tonumber(nearest[2]))
  forget_claims(KEYS[11], (now_ms - longest_ms + 1) * 1000, text(now_ms))
else
  redis.call('DEL', KEYS[11])
end
return reply
