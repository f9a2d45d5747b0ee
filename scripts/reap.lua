#!lua flags=allow-oom
-- LEASED -> WAITING|DEAD|CANCELLED|LOST  Takes back tasks whose lease ended. One worker does it at a time.
--
-- After an outage, nothing is reaped for a grace period, so that live workers can renew first; see lib/grace.lua.
--
-- If a lease ends later than the longest lease that could begin now, it was given before the clock was set back. It is
-- shortened to that length; a live worker renews it before it ends.
--
-- When a lease ends, that counts as a crash of the task if its handler had started. If it had not started, the first
-- ended lease also counts as one crash, so that the task becomes a suspect (see recover.lua), but it never quarantines.
--
-- KEYS leases held tries claims expiring
-- ARG worker       text   the worker that reaps
-- ARG hold_ms      int    for this time, no other worker reaps
-- ARG grace_ms     int    length of the grace period after a pause of more than twice hold_ms since the last call that was not BUSY
-- ARG limit        int    maximum number of tasks reaped, and of leases shortened
-- ARG crash_limit  int    a task with this many crashes is quarantined
-- ARG failure      bytes  the failure that is stored for a quarantined task
-- ARG lease_ms     int    length of this worker's leases
-- Returns {'REAPED', now_ms, shard_map, next_end_ms, expiring_ms, (id, status)*} next_end_ms is when the next lease ends, expiring_ms when the next task expires, '' for none; status is RECOVERED, QUARANTINED, CANCELLED or NOT_AGAIN
-- Returns {'GRACE', now_ms, shard_map, until_ms} nothing is reaped until then
-- Returns {'BUSY', now_ms, shard_map, until_ms} another worker reaps until then
-- Cost O((tasks reaped + leases cut) * log waiting)
-- include: time
-- include: grace
-- include: shard_map
-- include: claims
-- include: crash
-- include: enter

local now_ms = math.floor(server_us() / 1000)
local queue_shard_map = known_shard_map()
local noted = reaper_noted()
local longest_ms = math.max(noted.longest_ms, lease_ms)
local latest_end = now_ms + longest_ms
if noted.worker and noted.worker ~= worker and noted.until_ms > now_ms and noted.until_ms <= latest_end then
  if longest_ms > noted.longest_ms then
    note_reaper(noted.worker, noted.until_ms, noted.grace_until, longest_ms)
  end
  return {'BUSY', text(now_ms), queue_shard_map, text(noted.until_ms)}
end
local grace_until = grace_end(noted, now_ms, latest_end, hold_ms, grace_ms, lease_ms)
check_keys()
note_reaper(worker, now_ms + hold_ms, grace_until, longest_ms)
local overlong = redis.call('ZRANGEBYSCORE', LEASES, '(' .. text(latest_end), '+inf', 'LIMIT', 0, limit)
for index = 1, #overlong do
  redis.call('ZADD', LEASES, text(latest_end), overlong[index])
end
if grace_until > now_ms then
  return {'GRACE', text(now_ms), queue_shard_map, text(grace_until)}
end

local reply, entries = {'REAPED', text(now_ms), queue_shard_map, '', ''}, {}
local ended = redis.call('ZRANGEBYSCORE', LEASES, '-inf', text(now_ms), 'LIMIT', 0, limit)
for index = 1, #ended do
  local id = ended[index]
  local holder = redis.call('HGET', HELD, id)
  local _, _, started_ms = holder_parts(holder)
  if started_ms then
    local _, crashes = tries_parts(redis.call('HGET', TRIES, id))
    local started = started_ms ~= '0'
    local crashed = started or (crashes == 0 and crash_limit > 1)
    local status, enters_at = take_back(id, holder, started, crashed, crash_limit, failure, now_ms)
    reply[#reply + 1], reply[#reply + 2] = id, status
    if enters_at then
      entries[#entries + 1], entries[#entries + 2] = enters_at, id
    end
  else
    redis.call('ZREM', LEASES, id)
  end
end
enter(entries)

-- In a shard that still has the first format, no task can expire.
local expiring = format and redis.call('ZRANGE', EXPIRING, 0, 0, 'WITHSCORES') or {}
if expiring[1] then
  reply[5] = text(tonumber(expiring[2]))
end
local nearest = redis.call('ZRANGE', LEASES, 0, 0, 'WITHSCORES')
if nearest[1] then
  reply[4] = text(tonumber(nearest[2]))
  forget_claims((now_ms - longest_ms + 1) * 1000, text(now_ms))
else
  redis.call('DEL', CLAIMS)
end
return reply
