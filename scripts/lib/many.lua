-- Keys stand in groups, one group per shard; `firsts[group]` is the index of the group's first key. Counts how many
-- keys exist in the groups `low` to `high`, at the given distances from the first key of each group.
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

-- The string value of one key per group, at the given distance from the group's first key; false if it does not exist.
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
