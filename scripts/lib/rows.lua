-- The same status for each task of the call.
local function for_each_row(status)
  local statuses = {}
  for row in rows() do
    statuses[row] = status
  end
  return statuses
end
