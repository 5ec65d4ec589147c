-- Reads one page of a topic's listing, in the order in which rows came.
-- KEYS: members, rows
-- ARGV: place of the last row before, limit, size in bytes that ends a page, now,
--   instant up to which what has expired is cleared
-- Returns the place of the last row ('' at the end), and the rows.
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2] + 1)
local count, size, at = math.min(#found / 2, tonumber(ARGV[2])), 0, 0
local page, cleared = {''}, false
while at < count and size < tonumber(ARGV[3]) do
  local members = {}
  for i = at + 1, math.min(at + 50, count) do
    members[#members + 1] = found[2 * i - 1]
  end
  local rows = redis.call('HMGET', KEYS[2], unpack(members))
  for i, row in ipairs(rows) do
    at = at + 1
    local expires = row and string.sub(row, 1, 20)
    if not row or expires <= ARGV[5] then
      redis.call('ZREM', KEYS[1], members[i])
      redis.call('HDEL', KEYS[2], members[i])
      cleared = true
    elseif expires > ARGV[4] then
      page[#page + 1] = string.sub(row, 37)
      size = size + #row
      if size >= tonumber(ARGV[3]) then break end
    end
  end
end
if cleared and redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end
if at < #found / 2 then page[1] = found[2 * at] end
return page
