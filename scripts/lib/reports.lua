-- include: text
-- A report is 'token received version dropped kept length ', a progress of this length and the lines of a log: `received`
-- lines came under this token, which was the latest to report, and the progress had this version; `kept` lines stand
-- there, and `dropped` came before them.
local REPORT = '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) ()'
-- A log has at most so many lines and bytes. The oldest lines are dropped.
local MOST_LINES = 200
local MOST_BYTES = 16384

-- Gives token, received, version, dropped, kept, progress and lines; of an empty report if there is none, or if another
-- program wrote something else.
local function report_parts(stored)
  local token, received, version, dropped, kept, length, at = string.match(stored or '', REPORT)
  if not token then
    return '', 0, 0, 0, 0, '', ''
  end
  local lines_at = at + tonumber(length)
  return token, tonumber(received), tonumber(version), tonumber(dropped), tonumber(kept),
    string.sub(stored, at, lines_at - 1), string.sub(stored, lines_at)
end

-- The lines after the first `count`.
local function lines_after(lines, count)
  local from, left_out = 1, 0
  while left_out < count do
    local at = string.find(lines, '\n', from, true)
    if not at then
      return ''
    end
    from, left_out = at + 1, left_out + 1
  end
  return string.sub(lines, from)
end

-- The newest lines that a log may have, and how many lines were left out.
local function newest_lines(lines, count)
  local from, left_out = 1, 0
  while count - left_out > MOST_LINES or #lines - from >= MOST_BYTES do
    local at = string.find(lines, '\n', from, true)
    if not at then
      return '', count
    end
    from, left_out = at + 1, left_out + 1
  end
  return string.sub(lines, from), left_out
end

-- The report with what a worker adds to it under its token. `number` lines came before the new ones under this token;
-- those of them that never arrived are lost, and count as dropped.
local function with_report(stored, new)
  local latest, received, version, dropped, kept, progress, log = report_parts(stored)
  if latest ~= new.token then
    received, version = 0, 0
  end
  local lines = lines_after(new.lines, received - new.number)
  if lines ~= '' then
    local missing = math.max(new.number - received, 0)
    if missing > 0 then
      dropped, kept, log = dropped + kept + missing, 0, ''
    end
    local added = select(2, string.gsub(lines, '\n', '\n'))
    received, kept = math.max(received, new.number) + added, kept + added
    local left_out
    log, left_out = newest_lines(log .. lines, kept)
    dropped, kept = dropped + left_out, kept - left_out
  end
  if new.progress ~= '' and new.version >= version then
    version, progress = new.version, new.progress
  end
  local numbers = {new.token, text(received), text(version), text(dropped), text(kept), text(#progress)}
  return table.concat(numbers, ' ') .. ' ' .. progress .. log
end
