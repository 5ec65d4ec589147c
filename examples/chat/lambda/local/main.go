// Local runs the chat as it runs on AWS, on this machine: the three Lambda functions,
// which are one compiled program, behind a local API Gateway, on DynamoDB Local with its stream.
// `make run-lambda` builds the pages and starts it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/examples/chat/web"
)

// stage is the WebSocket API's. The pages expect GraphQL at /graphql, so both
// APIs are there: sockets and @connections below the stage, the rest over HTTP.
const stage = "graphql"

func main() {
	address := flag.String("addr", "127.0.0.1:8081", "address to listen on; port 0 takes a free one")
	pages := flag.String("web", web.Folder, "folder of the built pages")
	options := cloudOptions{}
	flag.StringVar(&options.dynamoDB, "dynamodb", "", "endpoint of a DynamoDB Local that runs; none starts one")
	flag.StringVar(&options.program, "program", "", "absolute path of the functions' compiled program; none builds it")
	flag.StringVar(&options.tags, "tags", "", "build tags of the functions; gqlgen has the schema in that library")
	flag.IntVar(&options.processes, "processes", 4, "processes of each function at the most")
	flag.DurationVar(&options.reorder, "reorder", 0, "delay each message by a random time up to this")
	flag.Uint64Var(&options.seed, "seed", 1, "what those times are drawn from")
	flag.DurationVar(&options.lifetime, "lifetime", 0, "how long a connection may last; 0 is as on AWS, two hours")
	flag.BoolVar(&options.noDisconnect, "no-disconnect", false, "lose every $disconnect")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *address, *pages, options); err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address, pages string, options cloudOptions) (err error) {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	base := "http://" + listener.Addr().String()
	cloud, err := newCloud(ctx, base+"/"+stage, options, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer cloud.stop()
	server := &http.Server{
		Handler:           routes(cloud.sockets, cloud.requests, pages),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { fail(server.Serve(listener)) })
	running.Go(func() { fail(cloud.stream.Run(ctx)) })
	fmt.Println("listening on", base)
	fmt.Println("GraphQL      ", base+"/"+stage)
	if options.program == "" { // whose schema the page is for
		fmt.Println("chat         ", base+"/")
	}
	fmt.Println("explorer     ", base+"/explorer")
	fmt.Println("DynamoDB     ", cloud.endpoint)
	fmt.Println("for fanql     export", strings.Join(cloud.settings, " "))
	<-ctx.Done() // a signal to stop, or a failure

	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return errors.Join(err, cloud.sockets.Shutdown(leaving), server.Shutdown(leaving))
}

// routes tells sockets and posts from requests, which have APIs of their own on
// AWS.
func routes(sockets *local.Gateway, requests http.Handler, pages string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/"+stage+"/@connections/", sockets)
	mux.HandleFunc("/"+stage, func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			sockets.ServeHTTP(w, r)
			return
		}
		requests.ServeHTTP(w, r)
	})
	mux.Handle("/", web.Handler(pages))
	return mux
}
