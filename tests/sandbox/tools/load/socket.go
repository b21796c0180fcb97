// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const maxEcho = 1 << 20 // bytes of a message that comes back

// driveSockets keeps the target's WebSockets open and shares its messages out among them.
func (s *stream) driveSockets() {
	interval := s.target.interval() * time.Duration(s.target.Connections)
	first := time.Now().Add(s.phase())
	var open sync.WaitGroup
	for number := range s.target.Connections {
		one := &socket{stream: s, number: number, interval: interval}
		open.Go(func() { one.drive(first.Add(s.target.interval() * time.Duration(number))) })
	}
	open.Wait()
}

// socket is one long-lived WebSocket that is opened again at its next message when it was cut. Only the goroutine of
// drive uses its fields.
type socket struct {
	stream   *stream
	number   int
	interval time.Duration
	sequence int
	conn     *websocket.Conn // nil when there is none
	echoes   chan string
	cut      chan error // the end of conn
	pending  []message  // sent, not echoed, oldest first
}

type message struct {
	text     string
	intended time.Time
	deadline time.Time
}

func (s *socket) drive(next time.Time) {
	for {
		if s.conn == nil {
			if !until(s.stream.ctx, next) {
				return
			}
			s.open(next)
			next = next.Add(s.interval)
			continue
		}
		if !s.converse(&next) {
			return
		}
	}
}

// report counts one handshake or message, which succeeded when the failure is nil.
func (s *socket) report(intended time.Time, f *failure) {
	s.stream.record.add(outcome{intended: intended, ended: time.Now(), failure: f})
}

func (s *socket) open(intended time.Time) {
	if !s.stream.runner.take() {
		return
	}
	t := s.stream.target
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(t.Timeout))
	defer cancel()
	headers := http.Header{}
	for name, value := range t.Headers {
		headers.Set(name, value)
	}
	client := &http.Client{
		Transport:     s.stream.exchanger.kept,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	conn, response, err := websocket.Dial(ctx, t.url(), &websocket.DialOptions{HTTPClient: client, HTTPHeader: headers})
	switch {
	case err == nil:
		s.report(intended, nil)
	case response != nil:
		s.report(intended, failed(kindStatus, "status %d instead of 101", response.StatusCode))
		return
	default:
		s.report(intended, classify(inTime(ctx, err)))
		return
	}
	s.stream.record.addOpened()
	conn.SetReadLimit(maxEcho)
	s.conn, s.echoes, s.cut = conn, make(chan string, t.Concurrency), make(chan error, 1)
	go read(conn, s.echoes, s.cut)
}

// read hands on what comes back until the connection ends. Echoes that nobody waits for any more are dropped.
func read(conn *websocket.Conn, echoes chan<- string, cut chan<- error) {
	for {
		_, text, err := conn.Read(context.Background())
		if err != nil {
			cut <- err
			return
		}
		select {
		case echoes <- string(text):
		default:
		}
	}
}

// converse waits for the next thing to do on an open connection and does it. It returns false at the end of the stream.
func (s *socket) converse(next *time.Time) bool {
	wake := *next
	if len(s.pending) > 0 && s.pending[0].deadline.Before(wake) {
		wake = s.pending[0].deadline
	}
	timer := time.NewTimer(time.Until(wake))
	defer timer.Stop()
	select {
	case <-s.stream.ctx.Done():
		s.finish()
		return false
	case err := <-s.cut:
		s.lose(err)
	case text := <-s.echoes:
		s.match(text)
	case now := <-timer.C:
		s.expire(now)
		if s.conn != nil && !now.Before(*next) {
			s.send(*next)
			*next = next.Add(s.interval)
		}
	}
	return true
}

func (s *socket) match(text string) {
	if at := slices.IndexFunc(s.pending, func(m message) bool { return m.text == text }); at >= 0 {
		s.report(s.pending[at].intended, nil)
		s.pending = slices.Delete(s.pending, at, at+1)
	}
}

// expire counts the messages that were not echoed in time as lost.
func (s *socket) expire(now time.Time) {
	for len(s.pending) > 0 && !now.Before(s.pending[0].deadline) {
		s.report(s.pending[0].intended, failed(kindLost, "no echo of %q within %s", s.pending[0].text, time.Duration(s.stream.target.Timeout)))
		s.pending = s.pending[1:]
	}
}

func (s *socket) send(intended time.Time) {
	timeout := time.Duration(s.stream.target.Timeout)
	if time.Since(intended) > timeout || len(s.pending) >= s.stream.target.Concurrency {
		s.stream.record.addNotSent(1)
		return
	}
	if !s.stream.runner.take() {
		return
	}
	s.sequence++
	m := message{text: fmt.Sprintf("%s #%d/%d", s.stream.target.ID, s.number, s.sequence), intended: intended, deadline: time.Now().Add(timeout)}
	s.pending = append(s.pending, m)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, []byte(m.text)); err != nil {
		s.lose(err)
	}
}

// lose counts the connection as cut and its messages under way as lost. The next message opens a new connection.
func (s *socket) lose(cause error) {
	s.report(time.Now(), failed(kindCut, "%v", cause))
	for _, m := range s.pending {
		s.report(m.intended, failed(kindLost, "the connection was cut before the echo of %q", m.text))
	}
	_ = s.conn.CloseNow() // it is gone already
	s.conn, s.pending = nil, nil
}

// finish waits for the echoes of what was sent, then says goodbye.
func (s *socket) finish() {
	for len(s.pending) > 0 {
		timer := time.NewTimer(time.Until(s.pending[0].deadline))
		select {
		case text := <-s.echoes:
			s.match(text)
		case err := <-s.cut:
			s.lose(err)
		case now := <-timer.C:
			s.expire(now)
		}
		timer.Stop()
	}
	if s.conn != nil {
		_ = s.conn.Close(websocket.StatusNormalClosure, "") // whether the other side answers it is not our business
	}
}
