// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Command load sends constant streams of requests to the planes of a migration and counts every one that fails, per host
// and second. Targets are added and removed while it runs, over a Unix socket. README.md has the details.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = `Usage: load run    [--targets FILE] [--control SOCKET] [FLAG...]   send until the end, then report
       load add    --control SOCKET FILE                          add the targets of a file ("-" is standard input)
       load remove --control SOCKET [--plane P] [--host H] [--id ID]
       load report --control SOCKET [--series]                    print the report so far, as JSON
       load stop   --control SOCKET                               end the run, print its report as JSON

"load COMMAND --help" lists the flags of a command. README.md has the fields of a target and of the report.
`

// Exit codes.
const (
	exitOK       = 0
	exitFailures = 1 // requests failed or could not be sent, and --fail-on-failures was given
	exitUsage    = 2 // bad flags or targets: nothing was sent
	exitRuntime  = 3
)

func main() {
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}

// usageError is a mistake of the caller.
type usageError struct{ error }

func execute(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	command, known := map[string]func([]string, io.Writer, io.Writer) (int, error){
		"run": runCommand, "add": addCommand, "remove": removeCommand, "report": reportCommand, "stop": stopCommand,
	}[args[0]]
	if !known {
		fmt.Fprintf(stderr, "load: unknown command %q\n%s", args[0], usage)
		return exitUsage
	}
	code, err := command(args[1:], stdout, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "load %s: %v\n", args[0], err)
		if _, byCaller := errors.AsType[usageError](err); byCaller {
			return exitUsage
		}
		return exitRuntime
	}
	return code
}

// parseFlags parses and takes exactly as many arguments after the flags as are wanted.
func parseFlags(flags *flag.FlagSet, args []string, stderr io.Writer, arguments int) error {
	flags.SetOutput(stderr)
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return usageError{err}
	}
	if flags.NArg() != arguments {
		return usageError{fmt.Errorf("want %d arguments after the flags, not %q", arguments, flags.Args())}
	}
	return nil
}
