-- A moment in milliseconds by the server's clock, given as '@time' or as '+delay' from now.
local function moment_of(when, now_ms)
  return tonumber(string.sub(when, 2)) + (string.sub(when, 1, 1) == '+' and now_ms or 0)
end
