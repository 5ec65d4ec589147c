package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// burst takes messages one after the other, as a socket has them, and has all of them
// handled at once, the last one first.
func (c *client) burst(data ...string) (wait func()) {
	c.t.Helper()
	return c.burstWithin(c.t.Context(), data...)
}

func (c *client) burstWithin(ctx context.Context, data ...string) (wait func()) {
	c.t.Helper()
	var handles []func(context.Context) error
	for _, one := range data {
		handles = append(handles, c.engine.Take(c.message(one)))
	}
	done := make(chan error, len(handles))
	for i := range handles {
		go func() { done <- handles[len(handles)-1-i](ctx) }()
		synctest.Wait()
	}
	return func() {
		c.t.Helper()
		for range handles {
			if err := <-done; err != nil {
				c.t.Errorf("%q: %v", data, err)
			}
		}
	}
}

// slowly makes the Subscribe resolver of "slow" and the query "waits" wait for the
// gate, whatever becomes of their contexts.
func slowly(gate chan struct{}) func(*core.Config) {
	return func(config *core.Config) {
		config.NewContext = func(ctx context.Context) context.Context {
			<-gate
			return ctx
		}
	}
}

// obedient is the same for user code that ends with its context.
func obedient(gate chan struct{}) func(*core.Config) {
	return func(config *core.Config) {
		config.NewContext = func(ctx context.Context) context.Context {
			select {
			case <-gate:
			case <-ctx.Done():
			}
			return ctx
		}
	}
}

func TestIDIsInUseWhileItsOperationIsPrepared(t *testing.T) {
	for name, second := range map[string]string{
		"a query":                        `{ hello }`,
		"a subscription":                 `subscription { a }`,
		"a document that does not parse": `{`,
		"one that does not validate":     `{ nothing }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				gate := make(chan struct{})
				c := newHarness(t, slowly(gate)).dial(modern)
				before := time.Now()
				wait := c.burst(c.subscribing("1", `subscription { a }`))
				waitSecond := c.burst(c.subscribing("1", second))
				waitSecond()
				if waited := time.Since(before); waited > 10*time.Millisecond {
					t.Errorf("it took %v", waited)
				}
				c.expectClosed(4409, "Subscriber for 1 already exists")
				close(gate)
				wait()
				c.expectCompletions("1 disconnect")
				if len(c.listed("a")) > 0 {
					t.Errorf("listed %q", c.listed("a"))
				}
			})
		})
	}
}

// TestIDIsInUseWhileItsOperationIsPreparedInWhateverOrder: a complete between the two
// may be on its way, so that it takes as long as that may take.
func TestIDIsInUseWhileItsOperationIsPreparedInWhateverOrder(t *testing.T) {
	for _, completed := range []bool{false, true} {
		t.Run(fmt.Sprint("completed ", completed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				gate := make(chan struct{})
				c := newHarness(t, slowly(gate)).dial(modern)
				wait := c.sendAside(c.subscribing("1", `subscription { a }`))
				complete := c.message(c.completing("1"))
				waitSecond := c.sendAside(c.subscribing("1", `{ nothing }`))
				if completed {
					if err := c.engine.Receive(t.Context(), complete); err != nil {
						t.Fatal(err)
					}
				} else {
					pause(2 * time.Second)
				}
				close(gate)
				wait()
				waitSecond()
				if !completed {
					c.expectClosed(4409, "Subscriber for 1 already exists")
					return
				}
				c.expectError("1", "nothing")
				c.expectNothing()
			})
		})
	}
}

func TestLegacyStartEndsTheOneThatIsPrepared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		c := newHarness(t, slowly(gate)).dial(legacy)
		wait := c.burst(c.subscribing("1", `subscription { onB }`))
		waitSecond := c.burst(c.subscribing("1", `subscription { a }`))
		close(gate)
		wait()
		waitSecond()
		c.expectNothing()
		c.publish("b", "x")
		c.publish("a", "x")
		c.expectNext("1", `{"data":{"a":"x"}}`)
		c.expectNothing()
		c.expectCompletions("1 client")
	})
}

func TestInvalidDocumentUnderAnIDInUseClosesWith4409(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, document := range []string{`{`, `{ nothing }`, `subscription { refused }`} {
			c := newHarness(t).dial(modern)
			c.subscribe("1", `subscription { a }`)
			c.subscribe("1", document)
			c.expectClosed(4409, "Subscriber for 1 already exists")
			c.expectCompletions("1 disconnect")
		}
	})
}

func TestLegacyInvalidStartEndsTheOperationOfItsID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).dial(legacy)
		c.subscribe("1", `subscription { a }`)
		c.subscribe("1", `{ nothing }`)
		c.expectError("1", "nothing")
		c.publish("a", "x")
		c.expectNothing()
		c.expectCompletions("1 client", "1 error")
	})
}

// TestIDWhoseOperationTheServerEndedIsFree, although this process has put it in place.
func TestIDWhoseOperationTheServerEndedIsFree(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		c.subscribe("1", `subscription { a }`)
		if err := c.engine.Publish(t.Context(), core.NewTopic[any]("a").End()); err != nil {
			t.Fatal(err)
		}
		c.expectComplete("1")
		c.subscribe("1", `{ nothing }`)
		c.expectError("1", "nothing")
		c.expectNothing()
		c.expectWorking()
	})
}

func TestCompleteEndsTheOperationThatIsPrepared(t *testing.T) {
	for _, document := range []string{`subscription { a }`, `subscription { refused }`, `subscription { initial }`} {
		both(t, func(t *testing.T, protocol string) {
			c := newHarness(t, obedient(make(chan struct{}))).dial(protocol)
			wait := c.burst(c.subscribing("1", document))
			c.burst(c.completing("1"))()
			wait()
			c.expectStopped("1")
			c.expectCompletions("1 client")
			if len(c.listed("a")) > 0 {
				t.Errorf("listed %q", c.listed("a"))
			}
		})
	}
}

func TestIDIsFreeOnceItsPreparationIsCompleted(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		gate := make(chan struct{})
		c := newHarness(t, slowly(gate)).dial(protocol)
		wait := c.burst(c.subscribing("1", `subscription { onB }`), c.completing("1"), c.subscribing("1", `subscription { a }`))
		close(gate)
		wait()
		if protocol == legacy {
			c.expectComplete("1")
		}
		c.publish("b", "x")
		c.publish("a", "x")
		c.expectNext("1", `{"data":{"a":"x"}}`)
		c.expectNothing()
	})
}

// TestSubscribeReceivedBeforeConnectionInitClosesWith4401, however they are handled.
func TestSubscribeReceivedBeforeConnectionInitClosesWith4401(t *testing.T) {
	const init = `{"type":"connection_init"}`
	t.Run("taken in order", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newHarness(t).open(modern)
			c.burst(c.subscribing("1", `{ hello }`), init)()
			c.expectClosed(4401, "Unauthorized")
		})
	})
	t.Run("taken after an init that is not acknowledged", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newHarness(t).open(modern)
			c.burst(init, c.subscribing("1", `{ blocked }`))()
			for c.socket.Queued() > 0 {
				c.expect(`{"type":"connection_ack"}`)
			}
			c.expectClosed(4401, "Unauthorized")
			if c.stage.count("blocked") > 0 {
				t.Error("it was executed")
			}
		})
	})
	t.Run("handled after the init", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newHarness(t).open(modern)
			subscribe := c.message(c.subscribing("1", `{ hello }`))
			c.send(init)
			c.expect(`{"type":"connection_ack"}`)
			if err := c.engine.Receive(t.Context(), subscribe); err != nil {
				t.Fatal(err)
			}
			c.expectClosed(4401, "Unauthorized")
		})
	})
}

func TestNothingAfterAMessageThatEndsTheConnectionIsExecuted(t *testing.T) {
	for name, test := range map[string]struct {
		protocol, message string
		code              int
		reason            string
	}{
		"no JSON":                {modern, `nonsense`, 4400, "message is not a JSON object"},
		"no type":                {modern, `{"type":"nothing"}`, 4400, `invalid message type "nothing"`},
		"no payload":             {modern, `{"id":"2","type":"subscribe"}`, 4400, "message expects payload to be an object"},
		"a second init":          {modern, `{"type":"connection_init"}`, 4401, "Unauthorized"},
		"the end of a long ID":   {modern, `{"id":"` + strings.Repeat("x", 513) + `","type":"complete"}`, 4400, "message expects id to be a string of at most 512 bytes"},
		"the end of our own ID":  {modern, `{"id":"fanql:identity","type":"complete"}`, 4400, "id is reserved"},
		"an ID in use":           {modern, `{"id":"used","type":"subscribe","payload":{"query":"{ hello }"}}`, 4409, "Subscriber for used already exists"},
		"connection_terminate":   {legacy, `{"type":"connection_terminate"}`, 1000, ""},
		"a message that is long": {modern, `{"type":"ping","payload":{"a":"` + string(make([]byte, 1000)) + `"}}`, 1009, "Message too big"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newHarness(t, func(config *core.Config) { config.MaxMessageBytes = 900 }).dial(test.protocol)
				wait := c.burst(c.subscribing("used", `subscription { initialPublish }`))
				wait()
				for c.socket.Queued() > 0 {
					c.next()
				}
				c.burst(test.message, c.subscribing("1", `{ blocked }`))()
				if c.stage.count("blocked") > 0 {
					t.Error("it was executed")
				}
				c.expectClosed(test.code, test.reason)
			})
		})
	}
}

func TestLegacyMessagesAfterAnInvalidOneAreHandled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newHarness(t).dial(legacy)
		c.burst(`nonsense`, c.subscribing("1", `{ hello }`))()
		c.expectConnectionError("message is not a JSON object")
		c.expectNext("1", `{"data":{"hello":"world"}}`)
		c.expectComplete("1")
	})
}

// TestOnCompleteComesOnceForEachThatBegan, however it ends.
func TestOnCompleteComesOnceForEachThatBegan(t *testing.T) {
	for _, test := range []struct{ document, want string }{
		{`{`, "1 error"},
		{`{ nothing }`, "1 error"},
		{`query($a: Int!) { increment(number: $a) }`, "1 error"},
		{`subscription { refused }`, "1 error"},
		{`subscription { none }`, "1 error"},
		{`subscription { initialFails }`, "1 error"},
		{`{ hello }`, "1 server"},
		{`{ fails }`, "1 server"},
	} {
		t.Run(test.document, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				c := newHarness(t).dial(protocol)
				c.subscribe("1", test.document)
				c.expectCompletions(test.want)
				c.disconnect()
				c.expectCompletions(test.want)
			})
		})
	}
	t.Run("disconnected while it is prepared", func(t *testing.T) {
		t.Parallel()
		both(t, func(t *testing.T, protocol string) {
			c := newHarness(t, obedient(make(chan struct{}))).dial(protocol)
			wait := c.burst(c.subscribing("1", `subscription { a }`))
			c.disconnect()
			wait()
			c.expectCompletions("1 disconnect")
		})
	})
	t.Run("over MaxOperations", func(t *testing.T) {
		t.Parallel()
		both(t, func(t *testing.T, protocol string) {
			c := newHarness(t, func(config *core.Config) { config.MaxOperations = 1 }).dial(protocol)
			c.subscribe("1", `subscription { a }`)
			c.subscribe("2", `subscription { a }`)
			c.expectCompletions("2 error")
		})
	})
	t.Run("refused by OnSubscribe", func(t *testing.T) {
		t.Parallel()
		both(t, func(t *testing.T, protocol string) {
			c := newHarness(t, func(config *core.Config) {
				config.Hooks.OnSubscribe = func(context.Context, ports.Request) (ports.Request, error) {
					return ports.Request{}, errors.New("no")
				}
			}).dial(protocol)
			c.subscribe("1", `{ hello }`)
			c.expectCompletions()
		})
	})
}

// TestOperationIsAnsweredAtTheDeadlineOfItsMessage, whether or not what it waits for
// ends with its context.
func TestOperationIsAnsweredAtTheDeadlineOfItsMessage(t *testing.T) {
	const deadline = 30 * time.Second
	for name, hang := range map[string]func(chan struct{}) func(*core.Config){"obedient": obedient, "deaf": slowly} {
		for _, document := range []string{`{ hello }`, `subscription { a }`, `subscription { initial }`} {
			t.Run(name+" "+document, func(t *testing.T) {
				t.Parallel()
				both(t, func(t *testing.T, protocol string) {
					gate := make(chan struct{})
					c := newHarness(t, hang(gate)).dial(protocol)
					ctx, cancel := context.WithTimeout(t.Context(), deadline)
					defer cancel()
					wait := c.burstWithin(ctx, c.subscribing("1", document))
					pause(deadline)
					c.expectError("1", "took too long")
					c.expectCompletions("1 error")
					close(gate)
					wait()
					c.expectNothing()
					c.expectCompletions("1 error")
					if len(c.listed("a")) > 0 {
						t.Errorf("listed %q", c.listed("a"))
					}
					c.expectWorking()
				})
			})
		}
	}
	t.Run("OnSubscribe", func(t *testing.T) {
		t.Parallel()
		both(t, func(t *testing.T, protocol string) {
			gate := make(chan struct{})
			c := newHarness(t, func(config *core.Config) {
				config.Hooks.OnSubscribe = func(_ context.Context, request ports.Request) (ports.Request, error) {
					<-gate
					return request, nil
				}
			}).dial(protocol)
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			wait := c.burstWithin(ctx, c.subscribing("1", `{ hello }`))
			pause(deadline)
			c.expectError("1", "took too long")
			close(gate)
			wait()
			c.expectNothing()
			c.expectCompletions("1 error")
		})
	})
	t.Run("OnInit", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			c := newHarness(t, initGate(gate, nil)).open(modern)
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			go func() { _ = c.engine.Take(c.message(`{"type":"connection_init"}`))(ctx) }() // closed or not is what counts
			pause(deadline + time.Second)
			c.expectClosed(1013, "Try again later")
			close(gate)
		})
	})
}

func TestLegacyKeepAliveFollowsTheAcknowledgement(t *testing.T) {
	for _, keptAlive := range []bool{true, false} {
		both(t, func(t *testing.T, protocol string) {
			c := newHarness(t).open(protocol)
			message := c.message(`{"type":"connection_init"}`)
			message.KeptAlive = keptAlive
			if err := c.engine.Take(message)(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.expect(`{"type":"connection_ack"}`)
			if keptAlive && protocol == legacy {
				c.expect(`{"type":"ka"}`)
			}
			c.expectNothing()
		})
	}
}
