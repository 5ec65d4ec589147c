package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/fanql/fanql/cmd/fanql/internal/doctor"
)

func (p *program) doctor() *cli.Command {
	return p.command("doctor", "say what is wrong with the set-up, and which setting mends it; changes nothing", nil, diagnose)
}

func diagnose(ctx context.Context, s *settings, _ []string) error {
	db, err := s.open(ctx, varConnections, varSubscriptions, varEvents)
	if err != nil {
		return err
	}
	defer db.done()
	count := map[doctor.Status]int{}
	for _, finding := range db.diagnose(ctx) {
		count[finding.Status]++
		if s.json() {
			err = s.value(finding)
		} else {
			err = s.line("%-8s %s", finding.Status, printable(finding.Text))
		}
		if err != nil {
			return err
		}
	}
	if !s.json() {
		if err := s.line("\n%d wrong, %d unknown, %s", count[doctor.Wrong], count[doctor.Unknown], number(count[doctor.Note], "note")); err != nil {
			return err
		}
	}
	if count[doctor.Wrong] > 0 {
		return errWrong
	}
	return nil
}
