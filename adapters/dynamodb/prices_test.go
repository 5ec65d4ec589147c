//go:build integration

package dynamodb_test

import (
	"fmt"
	"math"
	"strings"
)

// Prices in dollars of us-east-1, on demand, beyond any free tier. docs/costs.md
// says where they are from, and as of when.
const (
	perReadUnit         = 0.125 / 1e6
	perWriteUnit        = 0.625 / 1e6
	perMessage          = 1.00 / 1e6 // WebSocket messages, up to 32 KB each, both ways
	perMessageOver      = 0.80 / 1e6 // those after the first billion of a month
	cheaperAfter        = 1e9
	perConnectionMinute = 0.25 / 1e6
	perInvocation       = 0.20 / 1e6
	perGigabyteSecond   = 0.0000133334 // arm64
)

// The worked example.
const (
	clients          = 10_000
	secondsPerMonth  = 30 * 24 * 3600
	eventsPerMonth   = secondsPerMonth // one a second
	sessionHours     = 2               // API Gateway ends a connection after that
	sessionsPerMonth = clients * secondsPerMonth / (sessionHours * 3600)
	// The functions' memory, and how long they run, are assumed.
	deliverGigabytes, deliverSeconds = 1.0, 1.0
	messageGigabytes, messageSeconds = 0.25, 0.02
)

// example is the worked example in Markdown, from what a session, a publish and
// a delivery to all clients took.
func example(session []spent, publish, deliver spent) string {
	var whole spent
	for _, step := range session {
		whole.reads += step.reads
		whole.writes += step.writes
		whole.posts += step.posts
	}
	dollars := func(s spent) float64 { return s.reads*perReadUnit + s.writes*perWriteUnit }
	received := 2.0 * sessionsPerMonth // connection_init and subscribe
	sent := float64(deliver.posts)*eventsPerMonth + float64(whole.posts)*sessionsPerMonth
	messages := sent + received
	// $connect, connection_init, subscribe and $disconnect.
	invocations := 4.0 * sessionsPerMonth
	lines := []struct {
		what     string
		quantity string
		cost     float64
	}{
		{"messages to and from clients", millions(messages), math.Min(messages, cheaperAfter)*perMessage + math.Max(messages-cheaperAfter, 0)*perMessageOver},
		{"connection minutes", millions(clients * secondsPerMonth / 60), clients * secondsPerMonth / 60 * perConnectionMinute},
		{"deliveries: read units", millions(deliver.reads * eventsPerMonth), dollars(deliver) * eventsPerMonth},
		{"publishing: write units", millions(publish.writes * eventsPerMonth), dollars(publish) * eventsPerMonth},
		{"sessions: read and write units", millions((whole.reads + whole.writes) * sessionsPerMonth), dollars(whole) * sessionsPerMonth},
		{"deliveries: GB-seconds of Lambda", millions(deliverGigabytes * deliverSeconds * eventsPerMonth), eventsPerMonth * (perInvocation + deliverGigabytes*deliverSeconds*perGigabyteSecond)},
		{"sessions: GB-seconds of Lambda", millions(messageGigabytes * messageSeconds * invocations), invocations * (perInvocation + messageGigabytes*messageSeconds*perGigabyteSecond)},
	}
	var table strings.Builder
	table.WriteString("| what | millions a month | dollars a month |\n|---|--:|--:|\n")
	total := 0.0
	for _, line := range lines {
		fmt.Fprintf(&table, "| %s | %s | %s |\n", line.what, line.quantity, cents(line.cost))
		total += line.cost
	}
	fmt.Fprintf(&table, "| total | | %s |\n", cents(total))
	return table.String()
}

func millions(n float64) string {
	if n < 10e6 {
		return fmt.Sprintf("%.2f", n/1e6)
	}
	return thousands(int(math.Round(n / 1e6)))
}

func cents(dollars float64) string {
	if dollars < 100 {
		return fmt.Sprintf("%.2f", dollars)
	}
	return thousands(int(math.Round(dollars)))
}
