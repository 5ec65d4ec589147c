-- Moves the expiry of rows in a topic's listing, and of those that wait.
-- KEYS: members, rows, waiting rows
-- ARGV: expires, life in ms, member and its tokens, member and its tokens, ...
local function later(row)
  if string.sub(row, 1, 20) >= ARGV[1] then return row end
  return ARGV[1] .. string.sub(row, 21)
end

redis.call('HDEL', KEYS[2], '') -- Of a script that has written once, a full Redis takes the rest.
for i = 3, #ARGV, 2 do
  local row = redis.call('HGET', KEYS[2], ARGV[i])
  if row and string.find(ARGV[i + 1], string.sub(row, 21, 36), 1, true) then
    redis.call('HSET', KEYS[2], ARGV[i], later(row))
  end
end
for i = 3, #KEYS do
  local row = redis.call('GET', KEYS[i])
  if row then redis.call('SET', KEYS[i], later(row), 'KEEPTTL') end
end
for i = 1, 2 do
  if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
end
return 1
