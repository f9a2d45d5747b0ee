#!lua flags=no-writes
-- READ  Reports the states of tasks and all that is stored about them, except their records, which may be large.
--
-- Results and failures may be large, too. Then the reply has only the first of the tasks, at least PORTION of them, so
-- that Redis is not kept from other clients for long; the caller asks for the others again.
--
-- ROW id  text  task
-- Returns {now_ms, (place, number, holder, tries, failure, outcome, request, traits, checkpoint)*} see lib/describe.lua
-- Cost O(tasks * log waiting + MOST_BYTES)
-- include: time
-- include: describe

local PORTION = 4
local MOST_BYTES = 400000

local reply = {text(math.floor(server_us() / 1000))}
local bytes = 0

local function report(ids)
  for _, fact in ipairs(describe(ids)) do
    reply[#reply + 1] = fact
    bytes = bytes + #fact
  end
end

local portion = {}
for _, id in rows() do
  portion[#portion + 1] = id
  if #portion == PORTION then
    report(portion)
    portion = {}
    if bytes > MOST_BYTES then
      return reply
    end
  end
end
report(portion)
return reply
