-- Moves a row that waits into the topic's listing. One that no longer waits is in
-- place already, or was cleared meanwhile, and must not come back. The place of the
-- same operation stays where another attempt has listed it before.
-- KEYS: members, rows, waiting row
-- ARGV: member, instant up to which what has expired is cleared, expires, life in ms, now
local row = redis.call('GET', KEYS[3])
if not row then return 0 end
redis.call('DEL', KEYS[3])
local function place(text) -- where it ends
  local _, last, length = string.find(text, '^%d+,(%d+),%w*:', 57)
  return last + length
end

local former = redis.call('HGET', KEYS[2], ARGV[1])
if former and string.sub(former, 1, 20) > ARGV[5] and string.sub(former, 37, 56) == string.sub(row, 37, 56) then
  row = string.sub(row, 1, 56) .. string.sub(former, 57, place(former)) .. string.sub(row, place(row) + 1)
end
-- Its connection may have been touched while it waited.
local life = ARGV[4] + math.ceil((string.sub(row, 1, 20) - ARGV[3]) / 1000000)
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('ZADD', KEYS[1], redis.call('HINCRBY', KEYS[2], '#', 1), ARGV[1])
end
redis.call('HSET', KEYS[2], ARGV[1], row)
for i = 1, 2 do
  if redis.call('PTTL', KEYS[i]) < life then redis.call('PEXPIRE', KEYS[i], string.format('%.0f', life)) end
end
-- A few at random, as Redis itself looks for keys that have expired: so the rows
-- of crashed clients stay a small part, also where nobody lists the topic.
for _, member in ipairs(redis.call('ZRANDMEMBER', KEYS[1], 5)) do
  local other = redis.call('HGET', KEYS[2], member)
  if not other or string.sub(other, 1, 20) <= ARGV[2] then
    redis.call('ZREM', KEYS[1], member)
    redis.call('HDEL', KEYS[2], member)
  end
end
return 1
