// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"net/http"
	"sync/atomic"

	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// readiness is the ready switch; the gRPC health service follows it.
type readiness struct {
	ready  atomic.Bool
	health *health.Server
}

func (r *readiness) set(ready bool) {
	r.ready.Store(ready)
	status := healthpb.HealthCheckResponse_NOT_SERVING
	if ready {
		status = healthpb.HealthCheckResponse_SERVING
	}
	r.health.SetServingStatus("", status)
	r.health.SetServingStatus(echoService, status)
}

// newAdmin serves the admin port.
func newAdmin(state *readiness, counts *counters, open *sockets) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if state.ready.Load() {
			writeText(w, http.StatusOK, "ready\n")
		} else {
			writeText(w, http.StatusServiceUnavailable, "not ready\n")
		}
	})
	mux.HandleFunc("POST /ready/on", func(w http.ResponseWriter, _ *http.Request) {
		state.set(true)
		writeText(w, http.StatusOK, "ready\n")
	})
	mux.HandleFunc("POST /ready/off", func(w http.ResponseWriter, _ *http.Request) {
		state.set(false)
		writeText(w, http.StatusOK, "not ready\n")
	})
	mux.HandleFunc("POST /counters/reset", func(w http.ResponseWriter, _ *http.Request) {
		counts.reset()
		writeText(w, http.StatusOK, "reset\n")
	})
	mux.HandleFunc("GET /counters", func(w http.ResponseWriter, _ *http.Request) { writeCounters(w, counts, open) })
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_ = counts.writeMetrics(w, open.count()) // a scraper that is gone by now needs no answer
	})
	return mux
}

func writeCounters(w http.ResponseWriter, counts *counters, open *sockets) {
	requests, inFlight := counts.snapshot()
	w.Header().Set("Content-Type", "application/json")
	// A client that is gone by now needs no answer; strings and numbers can always be encoded.
	_ = json.NewEncoder(w).Encode(map[string]any{"requests": requests, "in_flight": inFlight, "websockets_open": open.count()})
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // a client that is gone by now needs no answer
}
