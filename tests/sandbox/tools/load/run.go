// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"time"
)

const maxDuration = 24 * time.Hour

// runOptions are the flags of "load run".
type runOptions struct {
	targets, control, summary string
	duration                  time.Duration
	maxRequests               int64
	maxInFlight               int
	failOnFailures            bool
}

func parseRunOptions(args []string, stderr io.Writer) (runOptions, error) {
	var o runOptions
	flags := flag.NewFlagSet("load run", flag.ContinueOnError)
	flags.StringVar(&o.targets, "targets", "", "`file` with the first targets, JSON or JSON lines")
	flags.StringVar(&o.control, "control", "", "listen for commands on this Unix `socket`")
	flags.StringVar(&o.summary, "summary", "", "write the report to this `file` at the end, as JSON")
	flags.DurationVar(&o.duration, "duration", time.Hour, "end after this `time`, at the latest")
	flags.Int64Var(&o.maxRequests, "max-requests", 10_000_000, "end after this `number` of requests, at the latest")
	flags.IntVar(&o.maxInFlight, "max-in-flight", 256, "never have more than this `number` of requests in flight")
	flags.BoolVar(&o.failOnFailures, "fail-on-failures", false, "exit with 1 when a request failed or could not be sent")
	if err := parseFlags(flags, args, stderr, 0); err != nil {
		return o, err
	}
	switch {
	case o.targets == "" && o.control == "":
		return o, usageError{errors.New("nothing to do: give --targets, or --control to add targets later")}
	case o.duration <= 0 || o.duration > maxDuration:
		return o, usageError{fmt.Errorf("--duration %s: want more than 0, at most %s", o.duration, maxDuration)}
	case o.maxRequests < 1:
		return o, usageError{fmt.Errorf("--max-requests %d: want at least 1", o.maxRequests)}
	case o.maxInFlight < 1:
		return o, usageError{fmt.Errorf("--max-in-flight %d: want at least 1", o.maxInFlight)}
	}
	return o, nil
}

func runCommand(args []string, stdout, stderr io.Writer) (int, error) {
	options, err := parseRunOptions(args, stderr)
	if err != nil {
		return 0, err
	}
	var targets []target
	if options.targets != "" {
		if targets, err = readTargets(options.targets); err != nil {
			return 0, usageError{err}
		}
	}
	ctx, stopSignals := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stopSignals()
	return run(ctx, options, targets, stdout)
}

// run sends until the context, the duration, the number of requests or a stop command ends it, and reports.
func run(ctx context.Context, options runOptions, targets []target, stdout io.Writer) (int, error) {
	r := newRunner(options.maxRequests, options.maxInFlight)
	defer r.stop("an error")
	if options.control != "" {
		control, err := listen(options.control, r)
		if err != nil {
			return 0, err
		}
		defer control.close()
	}
	if _, err := r.add(targets); err != nil {
		return 0, usageError{err}
	}
	fmt.Fprintln(stdout, "load: ready") // whoever started us may add targets now
	timer := time.NewTimer(options.duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		r.stop("its duration")
	case <-ctx.Done():
		r.stop("a signal")
	case <-r.stopped():
	}
	final := r.wait()
	if err := final.writeText(stdout); err != nil {
		return 0, err
	}
	if options.summary != "" {
		if err := final.writeFile(options.summary); err != nil {
			return 0, fmt.Errorf("--summary: %w", err)
		}
	}
	if options.failOnFailures && final.Totals.Failures+final.Totals.NotSent > 0 {
		return exitFailures, nil
	}
	return exitOK, nil
}
