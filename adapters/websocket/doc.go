// Package websocket runs the engine behind net/http: a long-lived server whose
// process holds the sockets.
//
// A Server is the engine's Pusher, so it is built first; the engine is given to
// its Handler:
//
//	server, err := websocket.NewServer(websocket.Config{})
//	engine := ...                                   // with server as its Pusher
//	http.Handle("/graphql", server.Handler(engine))
//
// What net/http's own Shutdown leaves alone, the sockets that were taken over,
// Server.Shutdown closes. Server.Live and Server.Ready answer the probes of
// whoever starts processes and spreads clients over them.
//
// Streams are connections that are no sockets: open answers to HTTP requests, which
// adapters/graphqlhttp reads and writes. Server.Streams holds them beside the sockets,
// under the same settings:
//
//	graphqlhttp.NewHandler(engine, graphqlhttp.Config{Streams: server.Streams(engine)})
//
// # Cost
//
// A connection has one goroutine, which reads, a read buffer of 1 KB and one
// timer. Nothing of it is for writing: pushed frames wait in the connection's
// queue, their payloads shared, and a few writers that the whole server has
// empty the queues, many frames in one system call. A socket that takes no more
// gets a goroutine of its own until it has caught up; so does one that cannot
// be written to without blocking, such as a TLS connection, for each burst.
//
// # Limits
//
// What a client may do is bounded, by default, once its request has come
// (Config); until then it is http.Server that bounds it, and by default does not:
//
//	http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 32 << 10, IdleTimeout: time.Minute}
//
// Text messages only, no compression, HTTP/1.1 handshakes only. Handler's
// ServeHTTP returns once a socket is open: what a middleware does after calling
// the next handler happens then, not when the socket closes.
package websocket
