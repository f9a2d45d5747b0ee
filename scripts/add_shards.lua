#!lua
-- SHARD -> SHARD  Stores a later shard map of the queue in a shard; an earlier one changes nothing.
--
-- KEYS layout
-- ARG later  text  the new shard map: every count of shards the queue has had, oldest first, separated by spaces
-- Returns {'ADDED'} the shard has this shard map now
-- Returns {'ALREADY'} it has this shard map or a later one
-- Returns {'CONFLICT'} its shard map is not an earlier stage of this one; not written
-- Cost O(1)
-- include: shard_map

local present = known_shard_map()
local function leads_to(one, other)
  return string.sub(other, 1, #one + 1) == one .. ' '
end

if present == later or leads_to(later, present) then
  return {'ALREADY'}
end
if not leads_to(present, later) then
  return {'CONFLICT'}
end
redis.call('SET', LAYOUT, later)
return {'ADDED'}
