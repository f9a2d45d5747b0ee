#!lua flags=allow-oom
-- ABSENT|PRESENT -> PRESENT  Notes that a worker lives, what it says of itself, and what it serves.
--
-- What all workers of one deployment serve is stored once, under its digest, so that a worker sends its list of names
-- only if nobody has stored it. What is not said again within `live_ms` is removed by whoever is introduced later.
--
-- KEYS workers present deployments deployed orders
-- ARG worker      text   who is introduced
-- ARG presence    bytes  what it says of itself
-- ARG deployment  text   digest of what it serves
-- ARG serves      bytes  what it serves; '' if a live worker should have said that already
-- ARG live_ms     int    for how long this counts
-- ARG heard       text   the latest order that the worker has heard, '' if none
-- Returns {'INTRODUCED', now_ms, order, deployment*} an order that the worker has not heard, '' if there is none, and the digests of all deployments that a live worker has
-- Returns {'UNKNOWN', now_ms} no live worker has said what the deployment serves; nothing was changed
-- Cost O(deployments + log workers)
-- include: time
-- include: text
-- include: chunks

-- One call removes at most so many that are over.
local MOST_REMOVED = 100

local now_ms = math.floor(server_us() / 1000)
local now = text(now_ms)
check_keys()
local live_until = redis.call('ZSCORE', DEPLOYED, deployment)
local is_live = live_until and tonumber(live_until) > now_ms and redis.call('HEXISTS', DEPLOYMENTS, deployment) == 1
if serves == '' and not is_live then
  return {'UNKNOWN', now}
end

local function over_in(by_end)
  return redis.call('ZRANGEBYSCORE', by_end, '-inf', now, 'LIMIT', 0, MOST_REMOVED)
end

local gone = over_in(PRESENT)
call_in_chunks('ZREM', PRESENT, gone)
call_in_chunks('HDEL', WORKERS, gone)
call_in_chunks('HDEL', ORDERS, gone)
local ended = over_in(DEPLOYED)
call_in_chunks('ZREM', DEPLOYED, ended)
call_in_chunks('HDEL', DEPLOYMENTS, ended)

local until_ms = text(now_ms + live_ms)
redis.call('HSET', WORKERS, worker, presence)
redis.call('ZADD', PRESENT, until_ms, worker)
redis.call('ZADD', DEPLOYED, until_ms, deployment)
if serves ~= '' then
  redis.call('HSET', DEPLOYMENTS, deployment, serves)
end
local order = redis.call('HGET', ORDERS, worker) or ''
if order ~= '' and order == heard then
  redis.call('HDEL', ORDERS, worker)
  order = ''
end
local reply = redis.call('ZRANGEBYSCORE', DEPLOYED, now, '+inf')
table.insert(reply, 1, order)
table.insert(reply, 1, now)
table.insert(reply, 1, 'INTRODUCED')
return reply
