-- KEYS tasks
-- The records of a claim are no longer than this together, unless one alone is: others wait while they are sent.
local REPLY_BYTES = 4194304
local TOGETHER = 8

-- Reads the records of tasks. Those for which there is no room in the reply are taken off the end of the list, unless
-- they were promised before. Of a record that is too long the length alone is read. A few are read at once, which costs
-- a third of asking for the length of each; none of ours is too long.
local function read_records(ids, longest, promised)
  local records, room = {}, REPLY_BYTES

  local function has_room(index, length)
    room = room - length
    if room >= 0 or index == 1 or promised then
      return true
    end
    for place = #ids, index, -1 do
      ids[place], records[place] = nil, nil
    end
    return false
  end

  local function read_warily(first)
    for index = first, #ids do
      local length = redis.call('HSTRLEN', TASKS, ids[index])
      if length > longest then
        records[index] = length
      elseif not has_room(index, length) then
        return
      else
        records[index] = redis.call('HGET', TASKS, ids[index])
      end
    end
  end

  for first = 1, #ids, TOGETHER do
    local found = redis.call('HMGET', TASKS, unpack(ids, first, math.min(first + TOGETHER - 1, #ids)))
    for at = 1, #found do
      local record, index = found[at], first + at - 1
      local length = record and #record or 0
      if length > longest then
        read_warily(index)
        return records
      elseif not has_room(index, length) then
        return records
      end
      records[index] = record
    end
  end
  return records
end
