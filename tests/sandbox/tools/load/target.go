// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

const (
	protocolHTTP1     = "h1"
	protocolHTTP2     = "h2"
	protocolGRPC      = "grpc"
	protocolWebSocket = "ws"

	healthCheckPath = "/grpc.health.v1.Health/Check"
)

// Bounds of one target, so that a typing error cannot take the machine.
const (
	maxRate        = 10_000
	maxConnections = 100
	maxConcurrency = 1_000
	maxTimeout     = 5 * time.Minute
)

// duration is a time.Duration that is written as a string such as "2s" in JSON.
type duration time.Duration

func (d *duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("want a duration in quotes, such as \"2s\", not %s", data)
	}
	parsed, err := time.ParseDuration(text)
	*d = duration(parsed)
	return err
}

func (d duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// target is one constant stream of requests: where to, what, and what is a success. README.md documents each field.
type target struct {
	ID          string            `json:"id"`
	Plane       string            `json:"plane"`
	Host        string            `json:"host"`
	Address     string            `json:"address"`
	Scheme      string            `json:"scheme"`
	Protocol    string            `json:"protocol"`
	Method      string            `json:"method"`
	Path        string            `json:"path"`
	Headers     map[string]string `json:"headers"`
	Body        string            `json:"body"`
	Expect      []int             `json:"expect"`
	Contains    string            `json:"contains"`
	Rate        float64           `json:"rate"`
	Fresh       *float64          `json:"fresh"`
	Connections int               `json:"connections"`
	Concurrency int               `json:"concurrency"`
	Timeout     duration          `json:"timeout"`
	CAFile      string            `json:"ca_file"`
	Insecure    bool              `json:"insecure"`
	ServerName  string            `json:"server_name"`
	Source      string            `json:"source"`
}

// readTargets reads a file of JSON objects: one after the other (JSON lines), or in one array. Every target is completed
// with defaults and checked; the error names the file, the target and the field.
func readTargets(path string) ([]target, error) {
	data, err := readFileOrInput(path)
	if err != nil {
		return nil, err
	}
	targets, err := decodeTargets(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return targets, nil
}

// readFileOrInput reads a file, or the standard input for "-".
func readFileOrInput(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(path)
}

func decodeTargets(data []byte) ([]target, error) {
	var targets []target
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		if err := decodeStrictly(data, &targets); err != nil {
			return nil, err
		}
	} else if err := decodeLines(data, &targets); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i := range targets {
		if err := targets[i].complete(); err != nil {
			return nil, fmt.Errorf("target %d: %w", i+1, err)
		}
		if id := targets[i].ID; seen[id] {
			return nil, fmt.Errorf("target %d: id %q is there twice; give each its own \"id\"", i+1, id)
		}
		seen[targets[i].ID] = true
	}
	return targets, nil
}

func decodeStrictly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the end of the JSON value")
	}
	return nil
}

func decodeLines(data []byte, into *[]target) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	for {
		var t target
		err := decoder.Decode(&t)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("target %d: %w", len(*into)+1, err)
		}
		*into = append(*into, t)
	}
}

// complete fills in defaults and then checks.
func (t *target) complete() error {
	setDefault(&t.Plane, "default")
	setDefault(&t.Scheme, "http")
	setDefault(&t.Protocol, protocolHTTP1)
	setDefault(&t.Method, map[bool]string{true: http.MethodPost, false: http.MethodGet}[t.Protocol == protocolGRPC])
	setDefault(&t.Path, map[bool]string{true: healthCheckPath, false: "/"}[t.Protocol == protocolGRPC])
	setDefault(&t.ID, fmt.Sprintf("%s %s %s %s://%s%s", t.Plane, t.Protocol, t.Method, t.Scheme, t.Host, t.Path))
	setDefault(&t.Rate, 1)
	setDefault(&t.Connections, map[bool]int{true: 1, false: 6}[t.Protocol == protocolWebSocket])
	setDefault(&t.Concurrency, 16)
	setDefault(&t.Timeout, duration(10*time.Second))
	if t.Fresh == nil {
		t.Fresh = new(0.1)
	}
	if len(t.Expect) == 0 {
		t.Expect = []int{map[bool]int{true: 0, false: http.StatusOK}[t.Protocol == protocolGRPC]}
	}
	return t.check()
}

func setDefault[T comparable](field *T, value T) {
	if *field == *new(T) {
		*field = value
	}
}

func (t *target) check() error {
	source, sourceErr := netip.ParseAddr(t.Source)
	address, addressErr := netip.ParseAddrPort(t.Address)
	_, pathErr := url.ParseRequestURI(t.Path)
	for _, rule := range []struct {
		broken bool
		field  string
		value  any
		want   string
	}{
		{t.Host == "" || strings.ContainsAny(t.Host, "/ @?#"), "host", t.Host, "a host name, as the Host header has it"},
		{addressErr != nil || !address.IsValid(), "address", t.Address, "IP:PORT to connect to; names are never resolved"},
		{t.Source != "" && sourceErr != nil, "source", t.Source, "the IP address to connect from"},
		{t.Source != "" && sourceErr == nil && source.Is4() != address.Addr().Is4(), "source", t.Source, "an address of the same family as \"address\""},
		{t.Scheme != "http" && t.Scheme != "https", "scheme", t.Scheme, "http or https"},
		{!slices.Contains([]string{protocolHTTP1, protocolHTTP2, protocolGRPC, protocolWebSocket}, t.Protocol), "protocol", t.Protocol, "h1, h2, grpc or ws"},
		{!httpguts.ValidHeaderFieldName(t.Method), "method", t.Method, "an HTTP method"},
		{pathErr != nil || t.Path[0] != '/', "path", t.Path, "a path that begins with /, with its query"},
		{t.Rate <= 0 || t.Rate > maxRate, "rate", t.Rate, fmt.Sprintf("requests per second, at most %d", maxRate)},
		{*t.Fresh < 0 || *t.Fresh > 1, "fresh", *t.Fresh, "the share of requests on a fresh connection, 0 to 1"},
		{t.Connections < 1 || t.Connections > maxConnections, "connections", t.Connections, fmt.Sprintf("1 to %d", maxConnections)},
		{t.Concurrency < 1 || t.Concurrency > maxConcurrency, "concurrency", t.Concurrency, fmt.Sprintf("1 to %d", maxConcurrency)},
		{t.Timeout <= 0 || time.Duration(t.Timeout) > maxTimeout, "timeout", time.Duration(t.Timeout), fmt.Sprintf("more than 0, at most %s", maxTimeout)},
		{t.Scheme == "https" && (t.CAFile == "") != t.Insecure, "ca_file", t.CAFile, "for https either a \"ca_file\" to verify against, or \"insecure\": true"},
		{t.Scheme == "http" && (t.CAFile != "" || t.Insecure || t.ServerName != ""), "scheme", t.Scheme, "https, since TLS is spoken of"},
	} {
		if rule.broken {
			return fmt.Errorf("%s: invalid %q: %#v; want %s", t.ID, rule.field, rule.value, rule.want)
		}
	}
	return t.checkHeaders()
}

func (t *target) checkHeaders() error {
	for name, value := range t.Headers {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) || strings.EqualFold(name, "host") {
			return fmt.Errorf("%s: invalid header %q: %q (the host is said by \"host\")", t.ID, name, value)
		}
	}
	return nil
}

// same tells whether two targets with one ID ask for the same.
func (t *target) same(other *target) bool { return reflect.DeepEqual(t, other) }

// interval is the time between two intended starts.
func (t *target) interval() time.Duration { return time.Duration(float64(time.Second) / t.Rate) }

func (t *target) url() string { return t.Scheme + "://" + t.Host + t.Path }
