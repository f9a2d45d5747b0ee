-- KEYS watched
-- include: chunks
-- A field of `watched` is 'until_ms channel until_ms channel ...': the channels on which callers wait for the end of the
-- task, and until when each of them is expected to wait.

-- Tells the callers that wait for tasks that these have ended. A user who may not publish still ends tasks: the callers
-- then find the end when they look again.
local function tell_end(ids)
  local watchers = fields(WATCHED, ids)
  call_in_chunks('HDEL', WATCHED, ids)
  for index = 1, #ids do
    for channel in string.gmatch(watchers[index] or '', '%d+ (%S+)') do
      redis.pcall('PUBLISH', channel, ids[index])
    end
  end
end
