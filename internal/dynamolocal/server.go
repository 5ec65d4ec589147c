package dynamolocal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/internal/freeport"
)

// Region is the region that every client may name. The program does not mind.
const Region = "us-east-1"

// Server is a DynamoDB Local that runs. Its methods may be called concurrently.
type Server struct {
	endpoint string
	process  *exec.Cmd
	exited   chan struct{}
	stop     sync.Once
}

// Start starts DynamoDB Local with no tables and returns once it answers. The
// context bounds the start; the server runs until Stop, and on Linux no longer
// than the process that started it.
//
// The error is one line that says what to install, or what the program said
// before it ended.
func Start(ctx context.Context) (*Server, error) { return start(ctx, "-sharedDb") }

// StartApart is Start of a server on which clients find what others wrote only with the
// same access key and in the same region: each key is a server of its own.
func StartApart(ctx context.Context) (*Server, error) { return start(ctx) }

// start starts the program with options of its own.
func start(ctx context.Context, options ...string) (*Server, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, errNoJava
	}
	directory, err := install(ctx)
	if err != nil {
		return nil, err
	}
	// Between the moment that a free port is known and its use, somebody else may
	// take it.
	for range 3 {
		var server *Server
		if server, err = launch(ctx, java, directory, options...); err == nil {
			return server, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

func launch(ctx context.Context, java, directory string, options ...string) (*Server, error) {
	port, err := freeport.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("dynamolocal: %w", err)
	}
	arguments := append([]string{
		"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1g",
		"-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar",
		"-inMemory", "-disableTelemetry", "-port", strconv.Itoa(port),
	}, options...)
	// The process outlives ctx, and so is not bound to it.
	process := exec.Command(java, arguments...) //nolint:gosec,noctx // Found on the user's own path; see above.
	process.Dir = directory
	process.SysProcAttr = endWithParent()
	var output bytes.Buffer
	process.Stdout, process.Stderr = &output, &output
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("dynamolocal: %w", err)
	}
	s := &Server{
		endpoint: "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		process:  process, exited: make(chan struct{}),
	}
	go func() {
		_ = process.Wait() // A program that is killed never ends well.
		close(s.exited)
	}()
	if err := s.answers(ctx); err != nil {
		s.Stop()
		if bytes.Contains(output.Bytes(), []byte("UnsupportedClassVersionError")) {
			return nil, errNoJava
		}
		return nil, fmt.Errorf("dynamolocal: %w: %s", err, bytes.TrimSpace(output.Bytes()))
	}
	return s, nil
}

// answers returns nil once the server answers a request, whatever it says.
func (s *Server) answers(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.endpoint, nil)
		if err != nil {
			return err
		}
		if response, err := client.Do(request); err == nil {
			return response.Body.Close()
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.exited:
			return errors.New("the program ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Endpoint is the URL that clients are given.
func (s *Server) Endpoint() string { return s.endpoint }

// Credentials are some that the server accepts: it accepts any.
func Credentials() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
	})
}

// Client returns a client of the server. That of another service of DynamoDB's,
// its streams, is made with the same Endpoint, Region and Credentials.
func (s *Server) Client(options ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String(s.endpoint), Region: Region, Credentials: Credentials(),
	}, options...)
}

// Stop ends the server, and with it everything it keeps. Again is harmless.
func (s *Server) Stop() {
	s.stop.Do(func() { _ = s.process.Process.Signal(os.Kill) })
	<-s.exited
}
