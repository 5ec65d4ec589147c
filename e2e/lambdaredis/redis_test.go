//go:build e2e

package lambdaredis

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql/internal/freeport"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/internal/redislocal"
)

// password is that of the user chat.
const password = "a-password"

// startTLS starts a server that speaks TLS, and returns the environment to reach it
// as the user chat.
func startTLS(t *testing.T) []string {
	t.Helper()
	certificate, key := selfSigned(t)
	port := strconv.Itoa(must.Make(freeport.Find(t.Context())))
	redis, err := redislocal.Start(t.Context(), redislocal.Options{Settings: []string{
		"--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Stop)
	addUser(t, redis)
	return append(user(), "FANQL_REDIS_ADDRESSES=127.0.0.1:"+port, "FANQL_REDIS_CLUSTER=off", "SSL_CERT_FILE="+certificate)
}

// startCluster starts a Cluster, and returns the environment to reach it as the
// user chat.
func startCluster(t *testing.T) []string {
	t.Helper()
	redis, err := redislocal.StartCluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Stop)
	for _, server := range redis.Servers() {
		addUser(t, server)
	}
	return append(user(), "FANQL_REDIS_ADDRESSES="+redis.Addrs()[0], "FANQL_REDIS_TLS=off")
}

func user() []string {
	return []string{"FANQL_REDIS_USERNAME=chat", "FANQL_REDIS_PASSWORD=" + password, "FANQL_REDIS_PREFIX=fanql:"}
}

// addUser gives a server the user chat, who may do what the template says and no
// more.
func addUser(t *testing.T, server *redislocal.Server) {
	t.Helper()
	client := server.Client()
	defer func() { _ = client.Close() }()
	rules := []any{"ACL", "SETUSER", "chat", ">" + password}
	for rule := range strings.FieldsSeq(accessString(t)) {
		rules = append(rules, rule)
	}
	if err := client.Do(t.Context(), rules...).Err(); err != nil {
		t.Fatal(err)
	}
}

// accessString is what the template lets the programs do.
func accessString(t *testing.T) string {
	t.Helper()
	template, err := os.ReadFile("../../deploy/redis.yaml")
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`AccessString: '?([^'\n]+)`).FindSubmatch(template)
	if match == nil {
		t.Fatal("the template has no access string")
	}
	return string(match[1])
}

// selfSigned writes a certificate for the loopback interface and its key.
func selfSigned(t *testing.T) (certificateFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	encodedKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writePEM(t, "CERTIFICATE", certificate), writePEM(t, "PRIVATE KEY", encodedKey)
}

func writePEM(t *testing.T, kind string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
