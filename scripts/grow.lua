#!lua
-- SHARD -> SHARD  Stores a later layout of the queue in a shard; an earlier layout changes nothing.
--
-- KEYS layout
-- ARG later  text  the new layout: every count of shards the queue has had, oldest first, separated by spaces
-- Returns {'GROWN'} the shard has this layout now
-- Returns {'ALREADY'} it has this layout or a later one
-- Returns {'CONFLICT'} its layout is not an earlier stage of this one; not written
-- Cost O(1)
-- include: layout

local present = known_layout()
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
return {'GROWN'}
