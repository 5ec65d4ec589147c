package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

var update = flag.Bool("update", false, "write the golden files")

// output is what a program writes, which may be read meanwhile.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// shell runs command lines in an environment of its own.
type shell struct {
	env   map[string]string
	input string
	now   func() time.Time
}

// result is what came of a command line.
type result struct {
	code     int
	out, log string
}

func (s shell) run(ctx context.Context, arguments ...string) result {
	var out, log output
	code := s.runTo(ctx, &out, &log, arguments...)
	return result{code, out.String(), log.String()}
}

func (s shell) runTo(ctx context.Context, out, log *output, arguments ...string) int {
	p := &program{
		in: strings.NewReader(s.input), out: out, log: log, now: s.now,
		lookup: func(name string) (string, bool) { value, ok := s.env[name]; return value, ok },
		aws: func(o *config.LoadOptions) error {
			o.Credentials = credentials.NewStaticCredentialsProvider("id", "secret", "")
			o.SharedConfigFiles, o.SharedCredentialsFiles = []string{}, []string{}
			return nil
		},
	}
	if p.now == nil {
		p.now = time.Now
	}
	return p.run(ctx, arguments)
}

// succeed runs a command line that succeeds, and returns what it prints.
func (s shell) succeed(t *testing.T, arguments ...string) string {
	t.Helper()
	r := s.run(t.Context(), arguments...)
	if r.code != codeDone || r.log != "" {
		t.Fatalf("fanql %s: exit code %d, %s", strings.Join(arguments, " "), r.code, r.log)
	}
	return r.out
}

// golden compares a text with the file of a name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}
