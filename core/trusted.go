package core

import (
	"crypto/sha256"
	"encoding/hex"
)

// ByHash gives documents the IDs that most clients use: the SHA-256 hash of the
// text, in hexadecimal. It is for Config.TrustedDocuments.
func ByHash(documents ...string) map[string]string {
	byHash := make(map[string]string, len(documents))
	for _, text := range documents {
		hash := sha256.Sum256([]byte(text))
		byHash[hex.EncodeToString(hash[:])] = text
	}
	return byHash
}
