// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync/atomic"
)

// maxSearched is how much of a body is looked at for what it must contain; the rest is read and counted only.
const maxSearched = 1 << 20

// exchanger sends the requests of one HTTP or gRPC target.
type exchanger struct {
	target *target
	kept   *http.Transport
	fresh  func() (*http.Transport, error)
}

func newExchanger(t *target) (*exchanger, error) {
	kept, err := newTransport(t)
	if err != nil {
		return nil, err
	}
	return &exchanger{target: t, kept: kept, fresh: func() (*http.Transport, error) { return newTransport(t) }}, nil
}

func (e *exchanger) close() { e.kept.CloseIdleConnections() }

// exchange sends one request and reads its whole answer. It returns how often net/http sent it again, because the
// connection it had kept was closed by the server at that moment, and nil for a success.
func (e *exchanger) exchange(ctx context.Context, onFresh bool) (resent int, failure *failure) {
	transport := e.kept
	if onFresh {
		own, err := e.fresh()
		if err != nil {
			return 0, classify(err)
		}
		defer own.CloseIdleConnections()
		transport = own
	}
	var connections atomic.Int32
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connections.Add(1) }})
	request, err := e.request(traced)
	if err != nil {
		return 0, classify(err)
	}
	response, err := transport.RoundTrip(request) // not a Client: a redirect is an answer like any other
	resent = max(0, int(connections.Load())-1)
	if err != nil && connections.Load() == 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return resent, failed(kindConnect, "no connection in time: %v", err)
	}
	if err != nil {
		return resent, classify(inTime(ctx, err))
	}
	head, err := readAll(response.Body)
	if err != nil {
		return resent, classify(inTime(ctx, err))
	}
	return resent, e.judge(response, head)
}

func (e *exchanger) request(ctx context.Context) (*http.Request, error) {
	body := []byte(e.target.Body)
	if e.target.Protocol == protocolGRPC {
		body = grpcFrame(body)
	}
	request, err := http.NewRequestWithContext(ctx, e.target.Method, e.target.url(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	for name, value := range e.target.Headers {
		request.Header.Set(name, value)
	}
	if e.target.Protocol == protocolGRPC {
		request.Header.Set("Content-Type", "application/grpc")
		request.Header.Set("Te", "trailers")
	}
	return request, nil
}

// inTime prefers the deadline as the reason when it has passed: the transport may report what it did about it.
func inTime(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return err
}

// readAll reads and closes a body and returns its beginning.
func readAll(body io.ReadCloser) ([]byte, error) {
	defer body.Close()
	head, err := io.ReadAll(io.LimitReader(body, maxSearched))
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, body)
	return head, err
}

func (e *exchanger) judge(response *http.Response, head []byte) *failure {
	if e.target.Protocol == protocolGRPC {
		return judgeGRPC(e.target, response, head)
	}
	if !slices.Contains(e.target.Expect, response.StatusCode) {
		return failed(kindStatus, "status %d instead of %v, body %.120q", response.StatusCode, e.target.Expect, head)
	}
	if !strings.Contains(string(head), e.target.Contains) {
		return failed(kindBody, "%q is not in the body %.120q", e.target.Contains, head)
	}
	return nil
}
