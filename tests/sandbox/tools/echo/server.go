// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// server is all listeners of one process and what they share.
type server struct {
	main, admin *http.Server
	listeners   []net.Listener // of main; TLS ones are wrapped
	adminSocket net.Listener
	state       *readiness
	sockets     *sockets
	draining    *atomic.Bool
	drainDelay  time.Duration
	grace       time.Duration
	log         *log.Logger
}

// newServer opens every port before it returns, so a taken port is an error at the start.
func newServer(cfg config, output io.Writer) (*server, error) {
	grpcServer, healthServer := newGRPC(cfg.identity, cfg.fields)
	state := &readiness{health: healthServer}
	state.set(!cfg.unready)
	counts, open := newCounters(), newSockets()
	logger := log.New(output, "", log.Ldate|log.Ltime|log.Lmicroseconds|log.LUTC)
	answers := &handler{
		identity: cfg.identity, fields: cfg.fields, standing: cfg.standing,
		counters: counts, failures: &failures{}, sockets: open, grpc: grpcServer, draining: new(atomic.Bool),
	}
	if cfg.logRequests {
		answers.requests = logger
	}
	s := &server{
		main:  newHTTPServer(answers, logger),
		admin: newHTTPServer(newAdmin(state, counts, open), logger),
		state: state, sockets: open, draining: answers.draining, drainDelay: cfg.drainDelay, grace: cfg.grace, log: logger,
	}
	if err := s.listen(cfg); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func newHTTPServer(h http.Handler, logger *log.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: h, Protocols: protocols, ErrorLog: logger,
		ReadHeaderTimeout:            time.Minute,
		DisableGeneralOptionsHandler: true, // "OPTIONS *" is echoed as well
	}
}

func (s *server) listen(cfg config) error {
	certificate, err := loadCertificate(cfg)
	if err != nil {
		return err
	}
	// A client certificate is asked for so that the answer can tell which one came; nothing depends on it.
	config := &tls.Config{
		Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"},
		ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12,
	}
	for _, address := range cfg.http {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("--http: %w", err)
		}
		s.listeners = append(s.listeners, listener)
	}
	for _, address := range cfg.https {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("--https: %w", err)
		}
		s.listeners = append(s.listeners, tls.NewListener(listener, config))
	}
	s.adminSocket, err = net.Listen("tcp", cfg.admin)
	if err != nil {
		return fmt.Errorf("--admin: %w", err)
	}
	return nil
}

// serve answers until a signal comes and the shutdown is done. A second signal ends the grace.
func (s *server) serve(ctx context.Context, signals <-chan os.Signal) error {
	failed := make(chan error, len(s.listeners)+1)
	var running sync.WaitGroup
	start := func(h *http.Server, listener net.Listener) {
		running.Go(func() {
			if err := h.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	for _, listener := range s.listeners {
		start(s.main, listener)
	}
	start(s.admin, s.adminSocket)
	s.log.Printf("serving on %v, admin on %v", addresses(s.listeners), s.adminSocket.Addr())
	var err error
	select {
	case err = <-failed:
	case received := <-signals:
		s.log.Printf("%v: shutting down", received)
		s.shutdown(ctx, signals)
	}
	s.close()
	running.Wait()
	return err
}

// shutdown stops being ready and goes on accepting for the drain delay, where each answer asks its connection to close
// (an idle connection is left alone: a request may be under way on it). Then it waits for the requests in flight and the
// WebSockets for the grace.
func (s *server) shutdown(ctx context.Context, signals <-chan os.Signal) {
	s.state.set(false)
	patient, hurry := context.WithCancel(ctx)
	defer hurry()
	go func() {
		select {
		case <-signals:
			hurry()
		case <-patient.Done():
		}
	}()
	s.draining.Store(true)
	wait(patient, s.drainDelay)
	graceful, cancel := context.WithTimeout(patient, s.grace)
	defer cancel()
	if err := s.main.Shutdown(graceful); err != nil {
		s.log.Printf("requests were still in flight at the end of the grace of %s: %v", s.grace, err)
	}
	s.sockets.drain(graceful)
	if left := s.sockets.closeAll(); left > 0 {
		s.log.Printf("%d WebSockets were still open at the end of the grace of %s", left, s.grace)
	}
}

func (s *server) close() {
	// Errors of closing what is about to vanish with the process are of no use to anybody.
	_ = s.main.Close()
	_ = s.admin.Close()
	for _, listener := range s.listeners {
		_ = listener.Close()
	}
	if s.adminSocket != nil {
		_ = s.adminSocket.Close()
	}
}

func addresses(listeners []net.Listener) []string {
	result := make([]string, len(listeners))
	for i, listener := range listeners {
		result[i] = listener.Addr().String()
	}
	return result
}
