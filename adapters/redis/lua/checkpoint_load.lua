-- Reads a checkpoint. A script is carried out by a master, also where the client
-- reads from replicas.
-- KEYS: checkpoint
return redis.call('GET', KEYS[1])
