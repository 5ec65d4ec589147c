// Scale says what one event costs for topics of a thousand to a million
// subscribers, on Lambda, API Gateway and DynamoDB: queries, posts, invocations,
// how long until the last subscriber has it, and dollars.
//
// It first measures on this machine what an event costs the processor for each
// subscriber, with the real engine and adapters; the rest is arithmetic with what
// AWS allows (limits.go). docs/scale.md shows its output.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	latency := flag.Duration("latency", 10*time.Millisecond, "how long API Gateway takes for a post; it cannot be measured here")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *latency); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, latency time.Duration) error {
	measured, err := measure(ctx)
	if err != nil {
		return err
	}
	measured.print(out)
	rate := measured.rate(latency)
	fmt.Fprintf(out, "\nOne invocation pushes %s times a second: %d posts at a time take %v each, and one processor could do %s.\n\n",
		thousands(rate), pushConcurrency, latency, thousands(1/measured.perSubscriber().Seconds()))
	fmt.Fprintln(out, "| subscribers | shards | queries | read units | posts | invocations | seconds until the last has it | GB-seconds | dollars | seconds to store all subscriptions |")
	fmt.Fprintln(out, "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, subscribers := range []int{1_000, 10_000, 100_000, 1_000_000} {
		for _, shards := range []int{1, 4, 16} {
			line(out, subscribers, shards, estimate(subscribers, shards, rate))
		}
	}
	return nil
}
