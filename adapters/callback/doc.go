// Package callback serves subscriptions of federated routers without a socket: the
// router holds its clients, and each result is posted to a URL of it. It speaks version
// 1.0 of the HTTP callback protocol ("HTTP callback protocol for GraphQL
// subscriptions", Apollo GraphOS documentation), which Apollo Router, Hive Router and
// Hive Gateway have too.
//
//	callbacks.Handler(engine, others)  recognises the requests of routers
//	callbacks.Beside(pusher)           is the Pusher of an engine with other clients too
//	callbacks.Run(ctx, engine, store)  sends heartbeats, shared by all processes that call it
//
// To the engine each subscription is a connection with one operation, which ends with
// it. So hooks, limits, sharing and order are those of all clients. OnConnect receives
// the headers of the router's request (Handshake.Callback is true), and is where a router
// is authenticated; OnInit receives no payload.
//
// # What is answered
//
//	a subscription that is in place                        200 {"data":null}
//	the request is invalid, or the resolver refused        200 with errors
//	a query or a mutation                                  200 with its result
//	OnConnect refused                                      its status, or 403
//	extensions.subscription is malformed; heartbeats are   400
//	not sent here; the URL did not accept the check
//	the URL is not one of Config.Allow                     403
//	the body is too long                                   413
//	a store or the bus is away or full                     503
//	another failure here                                   500
//
// The check is posted, and answered, before anything else happens with the request but
// OnConnect. First results (core.Initial) are posted before the answer, as Apollo Server
// may do too.
//
// # What is posted
//
// One request at a time for a subscription, each awaited: nothing else keeps the order.
// A subscription with several topics gets them in the order of each, from one process.
// What routers answer:
//
//	2xx                   the router has it
//	404                   the client has left: the subscription ends
//	another 4xx, 3xx, 101 ends it too, and is logged
//	429, 413              throttled, too large
//	5xx, 408, no answer   tried again by the engine; ends it after Config.GiveUp
//
// The verifier is in the address of the connection, and so in the store: it is a secret
// of the router's, and in no log line and no error. Of the extensions of a request only
// extensions.subscription is read, and nothing kept of the rest.
package callback
