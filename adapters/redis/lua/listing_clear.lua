-- Takes rows out of a topic's listing, and those out that wait to come in.
-- KEYS: members, rows, waiting rows
-- ARGV: member and its tokens (none: any), member and its tokens, ...
for i = 1, #ARGV, 2 do
  local row = redis.call('HGET', KEYS[2], ARGV[i])
  if row and (ARGV[i + 1] == '' or string.find(ARGV[i + 1], string.sub(row, 21, 36), 1, true)) then
    redis.call('ZREM', KEYS[1], ARGV[i])
    redis.call('HDEL', KEYS[2], ARGV[i])
  end
end
for i = 3, #KEYS do
  redis.call('DEL', KEYS[i])
end
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end -- Only the count of places was left.
return 1
