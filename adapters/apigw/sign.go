package apigw

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// signer signs requests without a query with Signature Version 4 ("AWS
// Signature Version 4 for API requests", Identity and Access Management). All
// that it shares between requests is the key, which is derived once a day and
// for each new set of credentials.
type signer struct {
	region      string
	credentials aws.CredentialsProvider
	now         func() time.Time
	key         atomic.Pointer[signingKey]
}

// signingKey is a derived key and what it was derived from.
type signingKey struct {
	date, accessKeyID, secret string
	key                       []byte
}

const (
	service   = "execute-api"
	algorithm = "AWS4-HMAC-SHA256"
)

// sign adds the headers of the signature. body is what the request sends.
func (s *signer) sign(ctx context.Context, request *http.Request, body []byte) error {
	credentials, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	now := s.now().UTC().Format("20060102T150405Z")
	date := now[:8]
	scope := date + "/" + s.region + "/" + service + "/aws4_request"
	signed := "host;x-amz-date"
	request.Header["X-Amz-Date"] = []string{now}
	if credentials.SessionToken != "" {
		signed += ";x-amz-security-token"
		request.Header["X-Amz-Security-Token"] = []string{credentials.SessionToken}
	}
	canonical := sha256.Sum256(canonicalRequest(request, body, now, credentials.SessionToken, signed))

	toSign := make([]byte, 0, 160)
	toSign = append(toSign, algorithm+"\n"...)
	toSign = append(toSign, now+"\n"...)
	toSign = append(toSign, scope+"\n"...)
	toSign = hex.AppendEncode(toSign, canonical[:])
	signature := mac(s.keyFor(date, credentials), toSign)

	request.Header["Authorization"] = []string{algorithm + " Credential=" + credentials.AccessKeyID + "/" + scope +
		", SignedHeaders=" + signed + ", Signature=" + hex.EncodeToString(signature)}
	return nil
}

func canonicalRequest(request *http.Request, body []byte, now, token, signed string) []byte {
	b := make([]byte, 0, 512+len(token))
	b = append(b, request.Method...)
	b = append(b, '\n')
	b = appendEscaped(b, request.URL.EscapedPath())
	b = append(b, "\n\nhost:"...) // the empty line is the query
	b = append(b, request.Host...)
	b = append(b, "\nx-amz-date:"...)
	b = append(b, now...)
	if token != "" {
		b = append(b, "\nx-amz-security-token:"...)
		b = append(b, token...)
	}
	b = append(b, "\n\n"...)
	b = append(b, signed...)
	b = append(b, '\n')
	hash := sha256.Sum256(body)
	return hex.AppendEncode(b, hash[:])
}

// appendEscaped escapes a path that is escaped already once more, as every
// service but S3 wants it.
func appendEscaped(b []byte, path string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(path) {
		c := path[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '/' || c == '-' || c == '.' || c == '_' || c == '~' {
			b = append(b, c)
			continue
		}
		b = append(b, '%', digits[c>>4], digits[c&15])
	}
	return b
}

func (s *signer) keyFor(date string, credentials aws.Credentials) []byte {
	known := s.key.Load()
	if known != nil && known.date == date && known.accessKeyID == credentials.AccessKeyID && known.secret == credentials.SecretAccessKey {
		return known.key
	}
	key := mac([]byte("AWS4"+credentials.SecretAccessKey), []byte(date))
	for _, part := range []string{s.region, service, "aws4_request"} {
		key = mac(key, []byte(part))
	}
	s.key.Store(&signingKey{date, credentials.AccessKeyID, credentials.SecretAccessKey, key})
	return key
}

func mac(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write(data) // a hash never fails
	return h.Sum(nil)
}
