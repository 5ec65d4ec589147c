// Package doctor looks at a set-up of FanQL on DynamoDB or Redis, and says in a
// sentence each what is right and what is wrong, with the setting that mends it. It
// changes nothing.
package doctor

import (
	"fmt"
	"strconv"
)

// Status is what a finding means.
type Status string

// The statuses.
const (
	// OK: it is as it has to be.
	OK Status = "ok"
	// Wrong: events, rows or connections are lost or refused.
	Wrong Status = "WRONG"
	// Note: it works, and something about it is worth knowing.
	Note Status = "note"
	// Unknown: it could not be looked at.
	Unknown Status = "unknown"
)

// Finding is what one check came to.
type Finding struct {
	// Check names what was looked at, for programs.
	Check  string `json:"check"`
	Status Status `json:"status"`
	// Text is one sentence; where something is wrong, it ends with the setting that
	// mends it.
	Text string `json:"text"`
}

// report collects findings.
type report struct{ findings []Finding }

func (r *report) add(status Status, check, format string, values ...any) {
	r.findings = append(r.findings, Finding{Check: check, Status: status, Text: fmt.Sprintf(format, values...)})
}

func (r *report) ok(check, format string, values ...any)    { r.add(OK, check, format, values...) }
func (r *report) wrong(check, format string, values ...any) { r.add(Wrong, check, format, values...) }
func (r *report) note(check, format string, values ...any)  { r.add(Note, check, format, values...) }
func (r *report) unknown(check, format string, values ...any) {
	r.add(Unknown, check, format, values...)
}

// count counts things of a name.
func count(n int, name string) string {
	if n == 1 {
		return "1 " + name
	}
	return strconv.Itoa(n) + " " + name + "s"
}
