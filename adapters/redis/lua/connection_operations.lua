-- Reads the operations of a connection. A script is carried out by a master, also
-- where the client reads from replicas.
-- KEYS: operations
-- Returns their records.
return redis.call('HVALS', KEYS[1])
