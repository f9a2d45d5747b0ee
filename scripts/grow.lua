#!lua
-- SHARD -> SHARD  Gives a shard a later layout of its queue; an earlier one changes nothing.
--
-- KEYS[1] layout  string  counts of shards; absent for one shard
-- ARGV[1] layout  text    the counts of shards the queue has had
-- Returns {'GROWN'} the shard has this layout now
-- Returns {'ALREADY'} it has this layout or a later one
-- Returns {'CONFLICT'} it has one that does not lead to this one; not written
-- Cost O(1)
-- include: layout

local present = layout_of(KEYS[1])
local function leads_to(earlier, later)
  return string.sub(later, 1, #earlier + 1) == earlier .. ' '
end

if present == ARGV[1] or leads_to(ARGV[1], present) then
  return {'ALREADY'}
end
if not leads_to(present, ARGV[1]) then
  return {'CONFLICT'}
end
redis.call('SET', KEYS[1], ARGV[1])
return {'GROWN'}
