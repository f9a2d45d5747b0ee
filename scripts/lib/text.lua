-- A whole number as text: Lua's own conversion keeps only 14 digits.
local function text(number)
  return string.format('%.0f', number)
end
