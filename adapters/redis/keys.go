package redis

import "strings"

// defaultPrefix begins every key where the configuration names no other.
const defaultPrefix = "fanql:"

// The kinds of names that keys are made of. Each name has a slot of its own.
const (
	kindConnection = "c"
	kindTopic      = "t"
	kindPartition  = "b"
)

// keyspace makes keys. All that belongs to one name has one hash tag, and so one
// slot of a Redis Cluster: "fanql:{t:room/42}:members".
type keyspace struct{ prefix string }

func newKeyspace(prefix string) keyspace { return keyspace{prefix: escape(prefix)} }

// key is the key of one part of what has a name.
func (k keyspace) key(kind, name, part string) string {
	return k.prefix + "{" + kind + ":" + escape(name) + "}:" + part
}

// escape keeps any text from ending or beginning a hash tag. It is reversible, so
// that different names have different keys.
func escape(text string) string {
	if !strings.ContainsAny(text, "%{}") {
		return text
	}
	return strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D").Replace(text)
}
