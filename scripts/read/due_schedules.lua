#!lua flags=no-writes
-- READ  Reports the schedules whose next slot comes before a moment, the earliest first.
--
-- KEYS firing schedules fired
-- ARG ahead_ms  int  slots up to so many milliseconds from now on
-- ARG offset    int  so many of them are left out at the beginning
-- ARG limit     int  maximum number of schedules
-- Returns {now_ms, (name, slot_ms, state, definition)*} state: the field of `fired`, see lib/schedules.lua
-- Cost O(log schedules + offset + limit)
-- include: time
-- include: text

local now_ms = math.floor(server_us() / 1000)
local reply = {text(now_ms)}
local until_ms = text(now_ms + ahead_ms)
local due = redis.call('ZRANGEBYSCORE', FIRING, '-inf', until_ms, 'WITHSCORES', 'LIMIT', offset, limit)
for at = 1, #due, 2 do
  reply[#reply + 1] = due[at]
  reply[#reply + 1] = text(tonumber(due[at + 1]))
  reply[#reply + 1] = redis.call('HGET', FIRED, due[at]) or ''
  reply[#reply + 1] = redis.call('HGET', SCHEDULES, due[at]) or ''
end
return reply
