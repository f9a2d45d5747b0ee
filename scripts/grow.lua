#!lua
-- SHARD -> SHARD  Gives a shard a later layout of its queue; an earlier one changes nothing.
--
-- KEYS layout
-- ARG later  text  the counts of shards the queue has had
-- Returns {'GROWN'} the shard has this layout now
-- Returns {'ALREADY'} it has this layout or a later one
-- Returns {'CONFLICT'} it has one that does not lead to this one; not written
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
