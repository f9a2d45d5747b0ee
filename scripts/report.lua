#!lua
-- LEASED -> LEASED  Stores how far the handlers of tasks have come, and adds lines to their logs.
--
-- Both stay until the task is forgotten: with its outcome, or as long as it is dead. The format of the shard stays as it
-- is, so that plain tasks beside these cost no more: scripts of earlier versions do no harm to a report, except that they
-- forget its task without it, and scrub.lua removes it then.
--
-- KEYS held reports
-- ROW id        text   task
-- ROW token     int    fencing token of the worker's lease
-- ROW number    int    how many lines came before these under this token, so that no line is added twice
-- ROW version   int    how many times the handler had told its progress under this token; an older progress changes nothing
-- ROW progress  bytes  how far the handler has come; '' if there is nothing new
-- ROW lines     bytes  the lines to add, each with a line feed at its end
-- Returns {'REPORTED'} per task
-- Returns {'LOST'} per task: no lease with this token; nothing was changed
-- Cost O(tasks * MOST_BYTES)
-- include: holder
-- include: reports

local statuses = {}
check_keys()

for row, id, token, number, version, progress, lines in rows() do
  statuses[row] = 'LOST'
  if holds(redis.call('HGET', HELD, id), token) then
    local stored = redis.call('HGET', REPORTS, id)
    local new = {token = token, number = tonumber(number), version = tonumber(version), progress = progress, lines = lines}
    redis.call('HSET', REPORTS, id, with_report(stored, new))
    statuses[row] = 'REPORTED'
  end
end
return statuses
