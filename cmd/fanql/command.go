package main

import (
	"context"
	"strings"

	"github.com/urfave/cli/v3"
)

// action is what a command does with its settings.
type action func(ctx context.Context, s *settings, arguments []string) error

// root is the command with all of its commands.
func (p *program) root() *cli.Command {
	return &cli.Command{
		Name: "fanql", Usage: "look after FanQL on DynamoDB and Redis",
		UsageText: "fanql [settings] COMMAND [arguments]",
		Flags:     p.settingFlags(),
		Commands: []*cli.Command{
			p.tail(), p.publish(), p.who(), p.connection(), p.disconnect(), p.deadLetters(), p.doctor(),
		},
		Reader: p.in, Writer: p.out, ErrWriter: p.log,
		HideVersion: true, HideHelpCommand: true,
		ExitErrHandler: func(context.Context, *cli.Command, error) {}, // run says what failed
		OnUsageError:   usage,
		Action: func(_ context.Context, command *cli.Command) error {
			if name := command.Args().First(); name != "" {
				return misused("there is no command %s: fanql -help lists them", name)
			}
			return cli.ShowRootCommandHelp(command)
		},
	}
}

// usage is an error of flags as this program reports it.
func usage(_ context.Context, command *cli.Command, err error, _ bool) error {
	// The names of functions of strconv are of no use to who reads it.
	text, _, _ := strings.Cut(strings.TrimSpace(err.Error()), ": strconv.")
	return misused("%s: %s -help lists the flags", text, command.FullName())
}

// command makes a command that takes some arguments: names are those that must be
// there, with "..." after the last one where there may be any number of it.
func (p *program) command(name, about string, names []string, do action, flags ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: name, Usage: about, ArgsUsage: strings.Join(names, " "), Flags: flags,
		HideHelpCommand: true, OnUsageError: usage,
		Action: func(ctx context.Context, command *cli.Command) error {
			arguments := command.Args().Slice()
			if err := countArguments(command.FullName(), names, len(arguments)); err != nil {
				return err
			}
			return do(ctx, &settings{program: p, command: command}, arguments)
		},
	}
}

func countArguments(command string, names []string, count int) error {
	least, most := len(names), len(names)
	if least > 0 && strings.HasSuffix(names[least-1], "...") {
		least, most = least-1, count
	}
	switch {
	case count < least:
		return misused("%s needs %s", command, names[count])
	case count > most:
		return misused("%s takes %d arguments, and got %d", command, most, count)
	}
	return nil
}
