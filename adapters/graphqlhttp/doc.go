// Package graphqlhttp serves GraphQL over HTTP as a plain http.Handler. A
// long-lived server mounts it; what receives HTTP requests in another form, such
// as a Lambda function, turns them into net/http's and calls the same handler.
//
// It follows the GraphQL-over-HTTP draft
// (https://graphql.github.io/graphql-over-http/draft/) in the reading that the
// audits of the npm package graphql-http hold servers to: every one of them
// passes, and where a later draft asks for another status, the audits win.
//
//	situation                              status
//	executed, with or without errors       200
//	request error (syntax, validation,     400 as application/graphql-response+json,
//	variables), a subscription by POST     200 as application/json
//	mutation or subscription by GET        405, Allow: POST
//	*ports.Refusal                         its Status; 403 when 0 or no error status
//	any other error of the Executor        500, "internal error"
//	body or parameters malformed           400
//	Accept names neither media type        406
//	Content-Type not application/json,     415
//	not UTF-8, or a coded body
//	body, query string over MaxBodyBytes   413, 414
//	body not received in time              408
//	another method                         405
//
// Every one of these answers is a GraphQL response; an error's message names the
// field and what was expected there. Where Accept is absent or leaves it open,
// application/json is sent. OPTIONS answers 204 with Allow, HEAD is GET without
// the body.
//
// # Who may call
//
// POST demands Content-Type: application/json, which no HTML form can send and
// which makes a browser ask first (a CORS preflight) before a page of another
// origin may send it. GET, for which it does not ask, refuses everything but a
// query. So a foreign page can change nothing with a visitor's cookies as long
// as queries have no side effects.
//
// The handler sends no CORS headers and authenticates nobody. Middleware around it
// does, and passes what it learned of the caller on in the request's context, which is
// the one that the Executor gets. Answers are not to be stored (Cache-Control:
// no-store), unless middleware has set another policy before.
//
// An answer of 1,400 bytes or more is compressed with gzip where the client takes it.
//
// # Streams
//
// A request whose Accept asks for text/event-stream or for
// multipart/mixed;subscriptionSpec=1.0 is answered with a stream, which
// Config.Streams holds: a subscription by GraphQL over Server-Sent Events (distinct
// connections mode, PROTOCOL.md of graphql-sse) or by Apollo's multipart protocol, or
// a query or mutation. Errors of the operation are in the stream. What keeps a stream
// from beginning is answered as above:
//
//	situation                              status
//	nothing holds streams                  406
//	body, query string, method             as above; also HEAD: 405
//	hooks refuse the connection            theirs
//	origin of a page; no room, or a store  403, 503
//	that is away or full
//
// Origins are checked by what holds the streams, as on handshakes of sockets. A
// mutation by GET is an error in the stream. The header Last-Event-ID joins the
// extension "resume" of the request.
//
// Batches, multipart requests (uploads) and results in parts (defer) are not
// supported.
package graphqlhttp
