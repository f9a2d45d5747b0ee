#!lua flags=no-writes
-- READ  Reports what schedules are.
--
-- KEYS firing schedules fired
-- ROW name  text  schedule
-- Returns {now_ms, (slot_ms, state, definition)*} slot_ms: '' if none is to come; state: the field of `fired`, see lib/schedules.lua, '' if there is no such schedule
-- Cost O(schedules)
-- include: time
-- include: text

local reply = {text(math.floor(server_us() / 1000))}
for _, name in rows() do
  local slot = redis.call('ZSCORE', FIRING, name)
  reply[#reply + 1] = slot and text(tonumber(slot)) or ''
  reply[#reply + 1] = redis.call('HGET', FIRED, name) or ''
  reply[#reply + 1] = redis.call('HGET', SCHEDULES, name) or ''
end
return reply
