// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

// config is what a process is told at its start, by flags or by the environment.
type config struct {
	http, https          []string
	admin                string
	certFile, keyFile    string
	tlsNames             []string
	identity             identity
	fields               []string
	standing             behaviour
	drainDelay, grace    time.Duration
	logRequests, unready bool
}

// identity says who answers; a Pod spec sets namespace and pod by fieldRef.
type identity struct {
	service, namespace, pod string
}

// list is a flag value that collects items: one per use of the flag, and several per use when a separator is given.
type list struct {
	items     *[]string
	separator string
}

func (l list) String() string {
	if l.items == nil {
		return ""
	}
	return strings.Join(*l.items, l.separator)
}

func (l list) Set(value string) error {
	for item := range strings.SplitSeq(value, l.separator) {
		if item = strings.TrimSpace(item); item != "" {
			*l.items = append(*l.items, item)
		}
	}
	return nil
}

// environmentName is the variable that stands for a flag: --drain-delay is ECHO_DRAIN_DELAY.
func environmentName(flagName string) string {
	return "ECHO_" + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

// parseConfig reads flags, and for each flag that was not given its environment variable. It returns flag.ErrHelp after
// printing the help, and otherwise errors that name the flag or variable and the value.
func parseConfig(args []string, lookup func(string) (string, bool), output io.Writer) (config, error) {
	cfg := config{standing: defaultBehaviour()}
	flags := newFlagSet(&cfg, output)
	if err := flags.Parse(args); err != nil {
		return config{}, err
	}
	if flags.NArg() > 0 {
		return config{}, fmt.Errorf("unexpected argument %q: everything is said by flags, see --help", flags.Arg(0))
	}
	if err := readEnvironment(flags, lookup); err != nil {
		return config{}, err
	}
	cfg.fillIn(lookup)
	return cfg, cfg.check()
}

func newFlagSet(cfg *config, output io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet("echo", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.Usage = func() { printUsage(flags) }
	flags.Var(list{&cfg.http, ","}, "http", "`addresses` for HTTP/1.1 and HTTP/2 cleartext, \"none\" for no such port (default \":8080\")")
	flags.Var(list{&cfg.https, ","}, "https", "`addresses` for the same over TLS, \"none\" for no such port (default \":8443\")")
	flags.StringVar(&cfg.admin, "admin", ":8081", "`address` of readiness, counters and metrics")
	flags.StringVar(&cfg.certFile, "cert-file", "", "certificate chain in `file` (PEM); without it a self-signed one is made")
	flags.StringVar(&cfg.keyFile, "key-file", "", "private key in `file` (PEM)")
	flags.Var(list{&cfg.tlsNames, ","}, "tls-names", "`names` of the self-signed certificate (default: the Service's names)")
	flags.StringVar(&cfg.identity.service, "service", "echo", "`name` of the service that answers")
	flags.StringVar(&cfg.identity.namespace, "namespace", "", "`namespace` that answers (default: POD_NAMESPACE)")
	flags.StringVar(&cfg.identity.pod, "pod", "", "Pod `name` that answers (default: POD_NAME, else the host's name)")
	flags.Var(list{&cfg.fields, ","}, "fields", "answer with these `fields` only: "+strings.Join(fieldNames(), ", "))
	flags.DurationVar(&cfg.drainDelay, "drain-delay", 0, "after SIGTERM go on accepting for this `duration`, not ready")
	flags.DurationVar(&cfg.grace, "grace", 20*time.Second, "after that, wait this `duration` for requests and WebSockets to end")
	flags.BoolVar(&cfg.logRequests, "log-requests", false, "print a line for each request")
	flags.BoolVar(&cfg.unready, "unready", false, "start not ready, until POST /ready/on")
	for _, s := range settings {
		flags.Var(standingSetting{&cfg.standing, s}, s.name, "for every request: "+s.help)
	}
	return flags
}

// standingSetting lets a behaviour that a request can ask for be set for all requests by a flag.
type standingSetting struct {
	target  *behaviour
	setting setting
}

func (s standingSetting) String() string { return "" }

func (s standingSetting) Set(value string) error {
	for line := range strings.SplitSeq(value, "\n") {
		if err := s.setting.apply(s.target, line); err != nil {
			return err
		}
	}
	return nil
}

func readEnvironment(flags *flag.FlagSet, lookup func(string) (string, bool)) error {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var failure error
	flags.VisitAll(func(f *flag.Flag) {
		value, found := lookup(environmentName(f.Name))
		if given[f.Name] || !found || failure != nil {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			failure = fmt.Errorf("invalid value %q for environment variable %s: %w", value, environmentName(f.Name), err)
		}
	})
	return failure
}

func (c *config) fillIn(lookup func(string) (string, bool)) {
	c.http = listenAddresses(c.http, ":8080")
	c.https = listenAddresses(c.https, ":8443")
	if value, found := lookup("POD_NAMESPACE"); found && c.identity.namespace == "" {
		c.identity.namespace = value
	}
	if value, found := lookup("POD_NAME"); found && c.identity.pod == "" {
		c.identity.pod = value
	}
	if c.identity.pod == "" {
		c.identity.pod = hostName()
	}
	if len(c.tlsNames) == 0 {
		c.tlsNames = serviceNames(c.identity)
	}
}

func listenAddresses(given []string, fallback string) []string {
	if len(given) == 0 {
		return []string{fallback}
	}
	return slices.DeleteFunc(given, func(address string) bool { return address == "none" })
}

func (c *config) check() error {
	for _, address := range slices.Concat(c.http, c.https, []string{c.admin}) {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("invalid address %q: %w; write [HOST]:PORT", address, err)
		}
	}
	if len(c.http)+len(c.https) == 0 {
		return fmt.Errorf("nothing to serve: --http and --https are both \"none\"")
	}
	if (c.certFile == "") != (c.keyFile == "") {
		return fmt.Errorf("--cert-file %q and --key-file %q belong together: give both or none", c.certFile, c.keyFile)
	}
	for _, field := range c.fields {
		if !slices.Contains(fieldNames(), field) {
			return fmt.Errorf("unknown field %q in --fields: choose from %s", field, strings.Join(fieldNames(), ", "))
		}
	}
	if c.drainDelay < 0 || c.grace < 0 {
		return fmt.Errorf("--drain-delay %s and --grace %s must not be negative", c.drainDelay, c.grace)
	}
	return nil
}

func printUsage(flags *flag.FlagSet) {
	out := flags.Output()
	fmt.Fprint(out, `Usage: echo [FLAG...]

Answers every request with what it received. Each flag can be given by an environment variable too: --fields is
ECHO_FIELDS. A list of header or set-cookie values has one per line there.

A request can ask for a behaviour of its own, by query parameter or by header, named as the flag with "echo-" before
it: /path?echo-delay=200ms&echo-status=503, or "echo-delay: 200ms". The query wins over the header, both over the flag.

`)
	flags.PrintDefaults()
	fmt.Fprint(out, `
The admin port answers GET /healthz, GET /readyz, POST /ready/on, POST /ready/off, GET /counters (JSON), GET /metrics
(Prometheus) and POST /counters/reset.
`)
}
