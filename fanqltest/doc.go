// Package fanqltest tests a schema and its hooks as clients meet them: it runs
// the engine in memory, and clients that speak its WebSocket subprotocols to it,
// without sockets, ports or sleeps. Clients use the other transports with the same
// methods, through the adapters of a real server and HTTP in memory: see Over.
//
//	server := fanqltest.New(t, core.Config{Schema: schema, Hooks: hooks})
//	client := server.Connect(t)
//	feed := client.Subscribe(`subscription { messageFeed { text } }`)
//	// publish through server.Engine
//	message := fanqltest.Next[Message](feed)
//	feed.Nothing()
//
// Whatever does not go as expected fails the test at once, saying what was
// expected and what came. A Server may be shared by subtests and used by several
// goroutines, so its methods take the test; a Client and its Operations
// belong to the test that made the client and, as tb.FailNow demands, to its
// goroutine. All ends with its test, by tb.Cleanup.
//
// Everything works inside a bubble of testing/synctest too, if New is called
// there. What waits then waits in the bubble's time.
package fanqltest
