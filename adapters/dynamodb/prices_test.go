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
	perGigabyteOut      = 0.09         // to the internet, up to 10 TB a month
)

// What the template with Redis costs by the hour, before anybody connects.
const (
	perHourOfNAT         = 0.045
	perHourOfAddress     = 0.005 // a public IPv4 address
	perGigabyteHourCache = 0.084 // ElastiCache Serverless for Valkey
	leastCacheGigabytes  = 0.1   // less is billed as this
	perHourOfProcessor   = 0.03238
	perHourOfGigabyte    = 0.00356
	perSecretMonth       = 0.40
)

// The worked example.
const (
	clients          = 10_000
	hoursPerMonth    = 30 * 24
	secondsPerMonth  = hoursPerMonth * 3600
	eventsPerMonth   = secondsPerMonth / 10
	sessionHours     = 2 // API Gateway ends a connection after that
	sessionsPerMonth = clients * secondsPerMonth / (sessionHours * 3600)
	pingsPerMonth    = clients * secondsPerMonth / (5 * 60)
	// The functions have the memory of deploy/template.yaml. An invocation pushes 6,400
	// times a second (docs/scale.md). The time of a message, and the bytes of an event's
	// frame, are assumed.
	deliverGigabytes, deliverSeconds = 1769.0 / 1024, clients / 6400.0
	messageGigabytes, messageSeconds = 0.5, 0.02
	frameBytes                       = 300
)

// example is the worked example in Markdown, from what a session, a ping, a publish
// and a delivery to all clients took.
func example(session []spent, ping, publish, deliver spent) string {
	var whole spent
	for _, step := range session {
		whole.reads += step.reads
		whole.writes += step.writes
		whole.posts += step.posts
	}
	dollars := func(s spent) float64 { return s.reads*perReadUnit + s.writes*perWriteUnit }
	received := 2.0 * sessionsPerMonth // connection_init and subscribe
	events := float64(deliver.posts) * eventsPerMonth
	messages := events + float64(whole.posts)*sessionsPerMonth + received + 2*pingsPerMonth
	// $connect, connection_init, subscribe and $disconnect; and each ping.
	invocations := 4.0*sessionsPerMonth + pingsPerMonth
	gigabytesOut := events * frameBytes / 1e9
	lines := []struct {
		what     string
		quantity string
		cost     float64
	}{
		{"messages to and from clients, pings and pongs too", millions(messages), math.Min(messages, cheaperAfter)*perMessage + math.Max(messages-cheaperAfter, 0)*perMessageOver},
		{"connection minutes", millions(clients * secondsPerMonth / 60), clients * secondsPerMonth / 60 * perConnectionMinute},
		{"deliveries: read units", millions(deliver.reads * eventsPerMonth), dollars(deliver) * eventsPerMonth},
		{"publishing: write units", millions(publish.writes * eventsPerMonth), dollars(publish) * eventsPerMonth},
		{"sessions and pings: read and write units", millions((whole.reads+whole.writes)*sessionsPerMonth + ping.reads*pingsPerMonth), dollars(whole)*sessionsPerMonth + dollars(ping)*pingsPerMonth},
		{"deliveries: GB-seconds of Lambda", millions(deliverGigabytes * deliverSeconds * eventsPerMonth), eventsPerMonth * (perInvocation + deliverGigabytes*deliverSeconds*perGigabyteSecond)},
		{"sessions and pings: GB-seconds of Lambda", millions(messageGigabytes * messageSeconds * invocations), invocations * (perInvocation + messageGigabytes*messageSeconds*perGigabyteSecond)},
		{"events: bytes to the internet", millions(gigabytesOut * 1e9), gigabytesOut * perGigabyteOut},
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

// standing is what deploy/redis.yaml costs in a month in which nobody connects.
func standing() string {
	const tasks, gigabytes = 2, 2 // of the worker, with one processor each
	rows := []struct {
		what string
		cost float64
	}{
		{"NAT gateway and its address", hoursPerMonth * (perHourOfNAT + perHourOfAddress)},
		{"cache, up to 100 MB", hoursPerMonth * leastCacheGigabytes * perGigabyteHourCache},
		{"password in Secrets Manager", perSecretMonth},
		{"with `Delivery=worker`: two tasks on Fargate", hoursPerMonth * tasks * (perHourOfProcessor + gigabytes*perHourOfGigabyte)},
	}
	var table strings.Builder
	table.WriteString("| what | dollars a month |\n|---|--:|\n")
	for _, row := range rows {
		fmt.Fprintf(&table, "| %s | %s |\n", row.what, cents(row.cost))
	}
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
