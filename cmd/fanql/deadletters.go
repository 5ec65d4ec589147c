package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/fanql/fanql/cmd/fanql/internal/letters"
)

func (p *program) deadLetters() *cli.Command {
	return &cli.Command{
		Name: "dead-letters", Usage: "events that were given up", HideHelpCommand: true, OnUsageError: usage,
		Commands: []*cli.Command{
			p.command("list", "list them, the oldest first", nil, listLetters),
			p.command("show", "show one, with its events", []string{"ID"}, showLetter,
				&cli.BoolFlag{Name: "payload", Usage: "show payloads"}),
			p.command("redrive", "deliver them after all, all or some, and remove what was delivered", []string{"[ID]..."}, redriveLetters),
			p.command("drop", "remove one for good", []string{"ID"}, dropLetter),
		},
		Action: func(_ context.Context, command *cli.Command) error {
			if name := command.Args().First(); name != "" {
				return misused("dead-letters has no command %s: list, show, redrive or drop", name)
			}
			return misused("dead-letters needs list, show, redrive or drop")
		},
	}
}

// shownLetter is a dead letter in JSON. Its events are there where one is shown.
type shownLetter struct {
	ID       string       `json:"id"`
	GivenUp  *time.Time   `json:"givenUp,omitempty"`
	Attempts int          `json:"attempts"`
	Cause    string       `json:"cause"`
	Topics   []string     `json:"topics"`
	Events   int          `json:"events"`
	Shown    []shownEvent `json:"shown,omitempty"`
}

func shownOf(letter letters.Letter) shownLetter {
	return shownLetter{
		ID: letter.ID, GivenUp: stamp(letter.GivenUp), Attempts: letter.Attempts, Cause: letter.Cause,
		Topics: letter.Topics(), Events: len(letter.Events),
	}
}

// openLetters opens the database and its dead letters.
func (s *settings) openLetters(ctx context.Context) (database, letters.Box, error) {
	db, err := s.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	box, err := db.letters(ctx)
	if err != nil {
		db.done()
		return nil, nil, err
	}
	return db, box, nil
}

func listLetters(ctx context.Context, s *settings, _ []string) error {
	db, box, err := s.openLetters(ctx)
	if err != nil {
		return err
	}
	defer db.done()
	rows := [][]string{{"ID", "GIVEN UP", "ATTEMPTS", "EVENTS", "TOPICS", "CAUSE"}}
	for letter, err := range box.All(ctx) {
		if err != nil {
			return err
		}
		if s.json() {
			if err := s.value(shownOf(letter)); err != nil {
				return err
			}
		}
		rows = append(rows, []string{
			printable(letter.ID), moment(letter.GivenUp), fmt.Sprint(letter.Attempts), fmt.Sprint(len(letter.Events)),
			topicsOf(letter), printable(letter.Cause),
		})
	}
	switch {
	case s.json():
		return nil
	case len(rows) == 1:
		return s.line("no dead letters")
	}
	return table(s.out, rows...)
}

// topicsOf are the topics of a letter, the first few.
func topicsOf(letter letters.Letter) string {
	const most = 3
	topics, text := letter.Topics(), ""
	for i, topic := range topics {
		switch {
		case i == most:
			return text + fmt.Sprintf(" and %d more", len(topics)-most)
		case i > 0:
			text += ", "
		}
		text += printable(topic)
	}
	if text == "" {
		return "unreadable"
	}
	return text
}

func showLetter(ctx context.Context, s *settings, arguments []string) error {
	db, box, err := s.openLetters(ctx)
	if err != nil {
		return err
	}
	defer db.done()
	letter, err := letters.Find(ctx, box, arguments[0])
	if err != nil {
		return err
	}
	if s.json() {
		shown := shownOf(letter)
		for _, event := range letter.Events {
			shown.Shown = append(shown.Shown, s.shown(event))
		}
		return s.value(shown)
	}
	err = table(s.out,
		[]string{"dead letter", printable(letter.ID)},
		[]string{"given up", moment(letter.GivenUp)},
		[]string{"attempts", fmt.Sprint(letter.Attempts)},
		[]string{"cause", printable(letter.Cause)},
	)
	for _, event := range letter.Events {
		if err == nil {
			err = s.line("%s  on %s", s.eventLine(event), printable(string(event.Topic)))
		}
	}
	return err
}

func redriveLetters(ctx context.Context, s *settings, ids []string) error {
	db, box, err := s.openLetters(ctx)
	if err != nil {
		return err
	}
	defer db.done()
	done := 0
	err = letters.Redrive(ctx, box, ids, func(letter letters.Letter) error {
		done++
		if s.json() {
			return s.value(map[string]any{"id": letter.ID, "events": len(letter.Events)})
		}
		return s.line("%s: %s", printable(letter.ID), number(len(letter.Events), "event"))
	})
	if err != nil {
		return fmt.Errorf("%s delivered, and then: %w", number(done, "dead letter"), err)
	}
	if s.json() {
		return nil
	}
	return s.line("%s delivered", number(done, "dead letter"))
}

func dropLetter(ctx context.Context, s *settings, arguments []string) error {
	db, box, err := s.openLetters(ctx)
	if err != nil {
		return err
	}
	defer db.done()
	letter, err := letters.Find(ctx, box, arguments[0])
	if err != nil {
		return err
	}
	if err := box.Drop(ctx, letter); err != nil {
		return err
	}
	if s.json() {
		return s.value(map[string]string{"id": letter.ID})
	}
	return s.line("dropped %s", printable(letter.ID))
}
