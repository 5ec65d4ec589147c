-- Takes events out of a partition that are done with.
-- KEYS: lease, stream
-- ARGV: the lease's value, group, IDs
-- Returns 1, or false when the lease was lost.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return false
end
for i = 3, #ARGV do
  redis.call('XACK', KEYS[2], ARGV[2], ARGV[i])
  redis.call('XDEL', KEYS[2], ARGV[i])
end
return 1
