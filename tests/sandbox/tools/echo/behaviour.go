// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Bounds of what one request may ask for, so that a typing error cannot hold a connection or the memory for ever.
const (
	maxDelay  = time.Hour
	maxSize   = 1 << 30
	maxChunks = 100_000
	maxEvents = 1_000_000
	prefix    = "echo-"
)

type closeMode string

const (
	closeNever     closeMode = "never"
	closeNow       closeMode = "now"
	closeAfterBody closeMode = "after-body"
	closeMidBody   closeMode = "mid-body"
)

type gzipMode string

const (
	gzipNever  gzipMode = "never"
	gzipAuto   gzipMode = "auto"
	gzipAlways gzipMode = "always"
)

// behaviour is how one request is answered.
type behaviour struct {
	delay, chunkDelay time.Duration
	size              int64 // bytes of filler instead of the JSON answer; negative for the JSON answer
	chunks            int
	status            int
	headers           []header
	cookies           []string
	failFirst         int
	failFirstAsked    bool // by the request itself, so it is counted for that request's URI and not for the process
	failStatus        int
	close             closeMode
	refuseHeaders     []string
	refuseStatus      int
	gzip              gzipMode
	events            int
	hello             bool
}

type header struct{ name, value string }

func defaultBehaviour() behaviour {
	return behaviour{
		size: -1, chunks: 1, status: http.StatusOK, failStatus: http.StatusServiceUnavailable,
		close: closeNever, refuseStatus: http.StatusForbidden, gzip: gzipNever,
	}
}

// setting is one behaviour by name: the same table serves flags, query parameters and headers.
type setting struct {
	name  string
	help  string
	apply func(*behaviour, string) error
}

var settings = []setting{
	{"delay", "wait this `duration` before the answer", func(b *behaviour, v string) error { return setDuration(&b.delay, v) }},
	{"chunk-delay", "wait this `duration` between two chunks of the body, or two events", func(b *behaviour, v string) error { return setDuration(&b.chunkDelay, v) }},
	{"size", "answer with this many `bytes` of filler text instead of JSON", func(b *behaviour, v string) error { return setInteger(&b.size, v, 0, maxSize) }},
	{"chunks", "write the body in this `number` of chunks, each flushed; without Content-Length when more than one", func(b *behaviour, v string) error { return setInteger(&b.chunks, v, 1, maxChunks) }},
	{"status", "answer with this status `code`", func(b *behaviour, v string) error { return setInteger(&b.status, v, 200, 599) }},
	{"header", "add this answer header, \"`Name: value`\" (repeatable)", addHeader},
	{"set-cookie", "add this `cookie`, written as a Set-Cookie value (repeatable)", func(b *behaviour, v string) error { return addHeader(b, "Set-Cookie: "+v) }},
	{"fail-first", "fail this `number` of requests, then work; asked for by a request, it is counted for its exact URI", setFailFirst},
	{"fail-status", "status `code` of those failures (default 503)", func(b *behaviour, v string) error { return setInteger(&b.failStatus, v, 200, 599) }},
	{"close", "close without an answer: \"never\", \"now\", \"after-body\" (of the request) or \"mid-body\" (of the answer) as `mode`", func(b *behaviour, v string) error {
		return setChoice(&b.close, v, closeNever, closeNow, closeAfterBody, closeMidBody)
	}},
	{"refuse-header", "refuse every request that carries a header of these `names` (comma-separated)", addRefuseHeaders},
	{"refuse-status", "status `code` of that refusal (default 403)", func(b *behaviour, v string) error { return setInteger(&b.refuseStatus, v, 200, 599) }},
	{"gzip", "compress the body: \"never\", \"auto\" (when accepted) or \"always\" as `mode`", func(b *behaviour, v string) error {
		return setChoice(&b.gzip, v, gzipNever, gzipAuto, gzipAlways)
	}},
	{"sse", "answer with a stream of this `number` of server-sent events", func(b *behaviour, v string) error { return setInteger(&b.events, v, 0, maxEvents) }},
	{"hello", "send the JSON answer as the first message of a WebSocket (`true` or false)", setHello},
}

func setDuration(target *time.Duration, value string) error {
	parsed, err := time.ParseDuration(value)
	if err != nil || parsed < 0 || parsed > maxDelay {
		return fmt.Errorf("want a duration from 0s to %s, such as 250ms", maxDelay)
	}
	*target = parsed
	return nil
}

func setInteger[T int | int64](target *T, value string, low, high T) error {
	parsed, err := strconv.ParseInt(value, 10, 64)
	if err != nil || parsed < int64(low) || parsed > int64(high) {
		return fmt.Errorf("want a whole number from %d to %d", low, high)
	}
	*target = T(parsed)
	return nil
}

func setChoice[T ~string](target *T, value string, choices ...T) error {
	if !slices.Contains(choices, T(value)) {
		return fmt.Errorf("choose from %q", choices)
	}
	*target = T(value)
	return nil
}

func setFailFirst(b *behaviour, value string) error {
	return setInteger(&b.failFirst, value, 0, maxEvents)
}

func setHello(b *behaviour, value string) error {
	parsed, err := strconv.ParseBool(value)
	if err != nil {
		return fmt.Errorf("want true or false")
	}
	b.hello = parsed
	return nil
}

func addHeader(b *behaviour, value string) error {
	name, content, found := strings.Cut(value, ":")
	content = strings.TrimSpace(content)
	if !found || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(content) {
		return fmt.Errorf("want \"Name: value\"")
	}
	// A new array each time: the standing behaviour is shared by all requests, and append could write into it.
	b.headers = append(slices.Clip(b.headers), header{name, content})
	return nil
}

func addRefuseHeaders(b *behaviour, value string) error {
	for name := range strings.SplitSeq(value, ",") {
		if name = strings.TrimSpace(name); !httpguts.ValidHeaderFieldName(name) {
			return fmt.Errorf("want header names, separated by commas")
		}
		b.refuseHeaders = append(slices.Clip(b.refuseHeaders), name)
	}
	return nil
}

// behaviourOf is the standing behaviour changed by what the request asks for: first its headers, then its query.
// It fails for an unknown name and an invalid value, since a test that misspells one would otherwise pass for nothing.
func behaviourOf(standing behaviour, r *http.Request) (behaviour, error) {
	result := standing
	asked := map[string][]string{}
	for name, values := range r.Header {
		if key, found := strings.CutPrefix(strings.ToLower(name), prefix); found {
			asked[key] = values
		}
	}
	inQuery, err := queryBehaviour(r.URL.RawQuery)
	if err != nil {
		return behaviour{}, err
	}
	maps.Copy(asked, inQuery)
	for name, values := range asked {
		if err := result.apply(name, values); err != nil {
			return behaviour{}, err
		}
	}
	return result, nil
}

// queryBehaviour finds our parameters in a raw query. Others are not looked at, since a backend must take any query; and
// a semicolon does not separate, since cookies have them.
func queryBehaviour(query string) (map[string][]string, error) {
	result := map[string][]string{}
	for pair := range strings.SplitSeq(query, "&") {
		name, escaped, _ := strings.Cut(pair, "=")
		key, found := strings.CutPrefix(name, prefix)
		if !found {
			continue
		}
		value, err := url.QueryUnescape(escaped)
		if err != nil {
			return nil, fmt.Errorf("invalid %s=%q: %w", name, escaped, err)
		}
		result[key] = append(result[key], value)
	}
	return result, nil
}

func (b *behaviour) apply(name string, values []string) error {
	index := slices.IndexFunc(settings, func(s setting) bool { return s.name == name })
	if index < 0 {
		return fmt.Errorf("unknown behaviour %q: see echo --help", prefix+name)
	}
	for _, value := range values {
		if err := settings[index].apply(b, value); err != nil {
			return fmt.Errorf("invalid %s=%q: %w", prefix+name, value, err)
		}
	}
	b.failFirstAsked = b.failFirstAsked || name == "fail-first"
	return nil
}

// refusedHeader is the first of the refused headers that the request carries, or "".
func (b *behaviour) refusedHeader(r *http.Request) string {
	for _, name := range b.refuseHeaders {
		if len(r.Header.Values(name)) > 0 {
			return name
		}
	}
	return ""
}
