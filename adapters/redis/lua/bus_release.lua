-- Gives a lease back, unless it was lost.
-- KEYS: lease
-- ARGV: its value
-- Returns 1, or false when it was lost.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return false
end
return redis.call('DEL', KEYS[1])
