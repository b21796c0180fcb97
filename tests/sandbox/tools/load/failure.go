// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// kind is why a request failed.
type kind string

const (
	kindConnect  kind = "connect"  // no TCP connection
	kindTLS      kind = "tls"      // no TLS session, or a certificate that does not verify
	kindReset    kind = "reset"    // the connection or stream ended before the answer did
	kindTimeout  kind = "timeout"  // no whole answer in time
	kindStatus   kind = "status"   // another status than expected
	kindBody     kind = "body"     // the body lacks what it must contain
	kindProtocol kind = "protocol" // an answer that cannot be read
	kindCut      kind = "cut"      // an open WebSocket was ended by the other side
	kindLost     kind = "lost"     // a WebSocket message that was not echoed
)

// failure is an error with its kind.
type failure struct {
	kind   kind
	reason string
}

func (f *failure) Error() string { return string(f.kind) + ": " + f.reason }

func failed(k kind, format string, values ...any) *failure {
	return &failure{k, fmt.Sprintf(format, values...)}
}

// classify says of which kind an error of the transport is.
func classify(err error) *failure {
	if known, ok := errors.AsType[*failure](err); ok {
		return known
	}
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isNet && timeout.Timeout():
		return failed(kindTimeout, "%v", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), saysReset(err):
		return failed(kindReset, "%v", err)
	default:
		return failed(kindProtocol, "%v", err)
	}
}

// saysReset looks into the text, since net/http does not export its HTTP/2 errors nor the one of a connection that the
// server closed while it was idle.
func saysReset(err error) bool {
	text := err.Error()
	for _, mark := range []string{"stream error: stream ID", "RST_STREAM", "GOAWAY", "connection reset", "server closed idle connection", "client connection lost", "connection closed"} {
		if strings.Contains(text, mark) {
			return true
		}
	}
	return false
}

// example is one failure as the report tells it.
type example struct {
	Time     time.Time `json:"time"`
	Second   float64   `json:"second"` // since the start of the run
	Plane    string    `json:"plane"`
	Host     string    `json:"host"`
	Protocol string    `json:"protocol"`
	Method   string    `json:"method"`
	URL      string    `json:"url"`
	Kind     kind      `json:"kind"`
	Reason   string    `json:"reason"`
}
