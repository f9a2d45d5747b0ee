-- Whole numbers as text: Lua's own conversion keeps 14 digits only.
local function text(number)
  return string.format('%.0f', number)
end
