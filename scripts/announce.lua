#!lua flags=allow-oom
-- NEW|ANNOUNCED -> ANNOUNCED  Notes that a worker of an application lives, with a digest of the schedules that its code declares, and says whether it may declare them.
--
-- Each digest has a generation, given when it is first seen. As long as a worker of a later generation lives, those of
-- an earlier one declare nothing. So two deploys that run side by side do not overwrite each other's schedules again
-- and again. Once no such worker is left, an earlier generation declares its schedules again: that is a rollback.
--
-- KEYS declared
-- ARG application  text  its name, without spaces
-- ARG digest       text  of all schedules that its code declares for this queue
-- ARG alive_ms     int   for how long after its latest call a worker counts as alive
-- Returns {'CURRENT', epoch} its schedules are to be declared; the epoch grows whenever another digest becomes current
-- Returns {'OLDER', epoch} a worker of a later generation lives
-- Cost O(generations that are kept)
-- include: time
-- include: text

-- Stored is 'epoch digest', the current one, then ' digest generation seen_ms' for each digest, those seen last first.
local MOST = 20
local now_us = server_us()
local now_ms = math.floor(now_us / 1000)
check_keys()

local stored = redis.call('HGET', DECLARED, application) or ''
local epoch, current, rest = string.match(stored, '^(%d+) (%S+)(.*)$')
epoch = tonumber(epoch or string.match(stored, '^%d+') or 0)
local others, own, newest, newest_alive = {}, nil, 0, 0
for other, generation, seen_ms in string.gmatch(rest or '', ' (%S+) (%d+) (%d+)') do
  newest = math.max(newest, tonumber(generation))
  if other == digest then
    own = tonumber(generation)
  else
    others[#others + 1] = ' ' .. other .. ' ' .. generation .. ' ' .. seen_ms
    if tonumber(seen_ms) + alive_ms > now_ms then
      newest_alive = math.max(newest_alive, tonumber(generation))
    end
  end
end
own = own or newest + 1
local status = 'OLDER'
if newest_alive < own then
  status = 'CURRENT'
  if current ~= digest then
    -- At least the time, so that it grows even if a failover has lost the latest epoch.
    epoch, current = math.max(epoch + 1, now_us), digest
  end
end
for place = #others, MOST, -1 do
  others[place] = nil
end
local seen = ' ' .. digest .. ' ' .. text(own) .. ' ' .. text(now_ms)
redis.call('HSET', DECLARED, application, text(epoch) .. ' ' .. current .. seen .. table.concat(others))
return {status, text(epoch)}
