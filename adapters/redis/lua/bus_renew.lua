-- Prolongs a lease.
-- KEYS: lease
-- ARGV: its value, milliseconds
-- Returns 1, or false when it was lost.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return false
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
