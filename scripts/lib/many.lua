-- How many of these keys exist: of some of several groups, which begin at `firsts`, those at these distances.
local function count_existing(keys, firsts, low, high, distances)
  local wanted, count = {}, 0
  for group = low, high do
    for index = 1, #distances do
      wanted[#wanted + 1] = keys[firsts[group] + distances[index]]
    end
  end
  for from = 1, #wanted, 1000 do
    count = count + redis.call('EXISTS', unpack(wanted, from, math.min(from + 999, #wanted)))
  end
  return count
end

-- The string of each of several groups of keys, at this distance from its first; false for none.
local function strings(keys, firsts, distance)
  local wanted, values = {}, {}
  for group = 1, #firsts do
    wanted[group] = keys[firsts[group] + distance]
  end
  for from = 1, #wanted, 1000 do
    local found = redis.call('MGET', unpack(wanted, from, math.min(from + 999, #wanted)))
    for index = 1, #found do
      values[from + index - 1] = found[index]
    end
  end
  return values
end
