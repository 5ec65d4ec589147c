package apigw_test

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/fanql/fanql/adapters/apigw"
)

// TestSignature compares every signature with that of the SDK's own signer.
func TestSignature(t *testing.T) {
	const region = "eu-west-1"
	now := time.Date(2026, 2, 3, 4, 5, 6, 0, time.FixedZone("", 3600))
	for _, keys := range []aws.Credentials{
		{AccessKeyID: "AKID", SecretAccessKey: "secret/+="},
		{AccessKeyID: "ASIA", SecretAccessKey: "other", SessionToken: "a long // session+token=="},
	} {
		for _, target := range []string{
			"https://abc.execute-api.eu-west-1.amazonaws.com/prod/@connections/L0SM9cOFvHcCIhw%3D",
			"https://abc.execute-api.eu-west-1.amazonaws.com/a%20b/@connections/a%2Fb%2Bc~d-e_f.g%3D",
			"http://127.0.0.1:8080/@connections/plain",
		} {
			for _, body := range []string{"", "hello", `{"type":"next","payload":"☃"}`} {
				for _, method := range []string{http.MethodPost, http.MethodDelete} {
					want := newRequest(t, method, target)
					hash := sha256.Sum256([]byte(body))
					if err := v4.NewSigner().SignHTTP(t.Context(), keys, want, hex.EncodeToString(hash[:]), "execute-api", region, now); err != nil {
						t.Fatal(err)
					}
					got := newRequest(t, method, target)
					provider := credentials.StaticCredentialsProvider{Value: keys}
					if err := apigw.Sign(t.Context(), got, []byte(body), region, provider, now); err != nil {
						t.Fatal(err)
					}
					if !maps.EqualFunc(want.Header, got.Header, slices.Equal[[]string]) {
						t.Errorf("%s %s %q: signed with\n%v\nthe SDK with\n%v", method, target, body, got.Header, want.Header)
					}
				}
			}
		}
	}
}

func newRequest(t *testing.T, method, target string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return request
}
