// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"time"
)

// answerTimeout covers the requests in flight that remove and stop wait for.
const answerTimeout = maxTimeout + commandTimeout

// words collects the values of a flag that may be given several times.
type words []string

func (w *words) String() string { return fmt.Sprint(*w) }

func (w *words) Set(value string) error {
	*w = append(*w, value)
	return nil
}

func controlFlags(name string) (*flag.FlagSet, *string) {
	flags := flag.NewFlagSet("load "+name, flag.ContinueOnError)
	return flags, flags.String("control", "", "Unix `socket` of the running \"load run\"")
}

// ask sends one command to a running load and returns its answer.
func ask(path string, cmd command) (answer, error) {
	if path == "" {
		return answer{}, usageError{errors.New("--control is missing: the socket of the running \"load run\"")}
	}
	conn, err := net.DialTimeout("unix", path, commandTimeout)
	if err != nil {
		return answer{}, fmt.Errorf("no load runs with --control %s: %w", path, err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return answer{}, err
	}
	if err := json.NewEncoder(conn).Encode(cmd); err != nil {
		return answer{}, err
	}
	var reply answer
	if err := json.NewDecoder(conn).Decode(&reply); err != nil {
		return answer{}, fmt.Errorf("the running load ended before its answer: %w", err)
	}
	if reply.Error != "" {
		return answer{}, errors.New(reply.Error)
	}
	return reply, nil
}

func addCommand(args []string, stdout, stderr io.Writer) (int, error) {
	flags, control := controlFlags("add")
	if err := parseFlags(flags, args, stderr, 1); err != nil {
		return 0, err
	}
	targets, err := readTargets(flags.Arg(0))
	if err != nil {
		return 0, usageError{err}
	}
	encoded, err := json.Marshal(targets)
	if err != nil {
		return 0, err
	}
	reply, err := ask(*control, command{Command: "add", Targets: encoded})
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(stdout, "added %d, %d ran already\n", reply.Added, len(targets)-reply.Added)
	return exitOK, nil
}

func removeCommand(args []string, stdout, stderr io.Writer) (int, error) {
	flags, control := controlFlags("remove")
	var hosts, ids words
	plane := flags.String("plane", "", "remove targets of this `plane`")
	flags.Var(&hosts, "host", "remove targets of this `host` (repeatable)")
	flags.Var(&ids, "id", "remove the target with this `ID` (repeatable)")
	if err := parseFlags(flags, args, stderr, 0); err != nil {
		return 0, err
	}
	reply, err := ask(*control, command{Command: "remove", Plane: *plane, Hosts: hosts, IDs: ids})
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(stdout, "removed %d\n", reply.Removed)
	return exitOK, nil
}

func reportCommand(args []string, stdout, stderr io.Writer) (int, error) {
	flags, control := controlFlags("report")
	series := flags.Bool("series", false, "with what happened in each second")
	if err := parseFlags(flags, args, stderr, 0); err != nil {
		return 0, err
	}
	return printReport(stdout, *control, command{Command: "report", Series: *series})
}

func stopCommand(args []string, stdout, stderr io.Writer) (int, error) {
	flags, control := controlFlags("stop")
	if err := parseFlags(flags, args, stderr, 0); err != nil {
		return 0, err
	}
	return printReport(stdout, *control, command{Command: "stop"})
}

func printReport(stdout io.Writer, control string, cmd command) (int, error) {
	reply, err := ask(control, cmd)
	if err != nil {
		return 0, err
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetIndent("", " ")
	return exitOK, encoder.Encode(reply.Report)
}
