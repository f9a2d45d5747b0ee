-- KEYS tasks
-- The records of one claim have at most this many bytes together, unless a single one is longer: while the server sends
-- a reply, other clients wait.
local REPLY_BYTES = 4194304
local TOGETHER = 8

-- Reads the records of tasks. Tasks that do not fit into the reply are removed from the end of `ids`, unless `promised`
-- is true: then they are already leased. For a record longer than `longest` bytes, its length is returned instead.
-- TOGETHER records are read per call, which costs a third of asking for each length first. This library never writes a
-- record that is too long.
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

  for first = 1, #ids, TOGETHER do
    local found = redis.call('HMGET', TASKS, unpack(ids, first, math.min(first + TOGETHER - 1, #ids)))
    for at = 1, #found do
      local record, index = found[at], first + at - 1
      local length = record and #record or 0
      if length > longest then
        -- From here on, each length is asked for first.
        for later = index, #ids do
          length = redis.call('HSTRLEN', TASKS, ids[later])
          if length <= longest and not has_room(later, length) then
            return records
          end
          records[later] = length > longest and length or redis.call('HGET', TASKS, ids[later])
        end
        return records
      elseif not has_room(index, length) then
        return records
      end
      records[index] = record
    end
  end
  return records
end
