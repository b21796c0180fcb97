// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/coder/websocket"
	"golang.org/x/net/http/httpguts"
)

const (
	maxMessage        = 16 << 20
	protocolGRPC      = "grpc"
	protocolWebSocket = "websocket"
)

// protocolOf is "websocket", "grpc", or the HTTP version of a request.
func protocolOf(r *http.Request) string {
	if httpguts.HeaderValuesContainsToken(r.Header.Values("Connection"), "upgrade") &&
		httpguts.HeaderValuesContainsToken(r.Header.Values("Upgrade"), "websocket") {
		return protocolWebSocket
	}
	if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		return protocolGRPC
	}
	return r.Proto
}

// sockets is the set of open WebSockets: http.Server forgets a connection once it is upgraded.
type sockets struct {
	mu     sync.Mutex
	open   map[*websocket.Conn]struct{}
	closed bool
	empty  chan struct{} // closed when draining and no socket is left; nil before draining
}

func newSockets() *sockets { return &sockets{open: map[*websocket.Conn]struct{}{}} }

// add returns false when the process is past its grace: then the socket must be closed at once.
func (s *sockets) add(conn *websocket.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[conn] = struct{}{}
	return true
}

func (s *sockets) remove(conn *websocket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, conn)
	if s.empty != nil && len(s.open) == 0 {
		close(s.empty)
		s.empty = nil
	}
}

func (s *sockets) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// drain waits until every socket was closed by its client, or until the context ends.
func (s *sockets) drain(ctx context.Context) {
	s.mu.Lock()
	if len(s.open) == 0 {
		s.mu.Unlock()
		return
	}
	empty := make(chan struct{})
	s.empty = empty
	s.mu.Unlock()
	select {
	case <-empty:
	case <-ctx.Done():
	}
}

// closeAll says "going away" to every client that is left, and lets no new socket in.
func (s *sockets) closeAll() int {
	s.mu.Lock()
	s.closed = true
	left := make([]*websocket.Conn, 0, len(s.open))
	for conn := range s.open {
		left = append(left, conn)
	}
	s.mu.Unlock()
	var done sync.WaitGroup
	for _, conn := range left {
		done.Go(func() { _ = conn.Close(websocket.StatusGoingAway, "shutting down") }) // closed either way
	}
	done.Wait()
	return len(left)
}

// serveWebSocket echoes every message with its type, on any path, from any origin, with the first subprotocol offered.
func (h *handler) serveWebSocket(w http.ResponseWriter, how *behaviour, in received) {
	for _, field := range how.headers {
		w.Header().Add(field.name, field.value)
	}
	conn, err := websocket.Accept(w, in.request, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // the origin is echoed like everything else, not judged
		Subprotocols:       subprotocols(in.request),
	})
	if err != nil {
		return // Accept has answered the client with the reason
	}
	defer conn.CloseNow()
	if !h.sockets.add(conn) {
		return
	}
	defer h.sockets.remove(conn)
	conn.SetReadLimit(maxMessage)
	// The request's context ends with the handler of an upgraded connection, not with the connection.
	_ = h.echoMessages(context.WithoutCancel(in.request.Context()), conn, how, in) // it ends with the connection, always in an error
}

func (h *handler) echoMessages(ctx context.Context, conn *websocket.Conn, how *behaviour, in received) error {
	if how.hello {
		text, err := answer(h.identity, h.fields, in)
		if err != nil {
			return err
		}
		if err := conn.Write(ctx, websocket.MessageText, text); err != nil {
			return err
		}
	}
	for {
		kind, message, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		if err := conn.Write(ctx, kind, message); err != nil {
			return err
		}
	}
}

func subprotocols(r *http.Request) []string {
	var names []string
	for _, value := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(value, ",") {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}
