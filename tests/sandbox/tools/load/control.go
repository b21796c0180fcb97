// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Bounds of the control socket.
const (
	maxCommand     = 16 << 20 // bytes of one line
	maxControllers = 16       // connections at once
	commandTimeout = 10 * time.Second
	maxSocketPath  = 107 // unix(7): sun_path with its final zero
)

// command is one line to the control socket.
type command struct {
	Command string          `json:"command"`           // add, remove, report or stop
	Targets json.RawMessage `json:"targets,omitempty"` // of add: a list
	Plane   string          `json:"plane,omitempty"`   // of remove: all that are given must match
	Hosts   []string        `json:"hosts,omitempty"`
	IDs     []string        `json:"ids,omitempty"`
	Series  bool            `json:"series,omitempty"` // of report
}

// answer is the line that comes back.
type answer struct {
	Error   string  `json:"error,omitempty"`
	Added   int     `json:"added,omitempty"`
	Removed int     `json:"removed,omitempty"`
	Report  *report `json:"report,omitempty"`
}

// control serves commands on a Unix socket. A socket rather than a file that is read again: each command is answered,
// nothing polls, and a file system path crosses network namespaces. Standard input would belong to one process only.
type control struct {
	listener *net.UnixListener
	runner   *runner
	places   chan struct{}
	serving  sync.WaitGroup
}

func listen(path string, r *runner) (*control, error) {
	if len(path) > maxSocketPath {
		return nil, usageError{fmt.Errorf("--control: %s is %d bytes long, a socket's path has at most %d", path, len(path), maxSocketPath)}
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("--control: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = listener.Close() // the first error is the one to tell
		return nil, fmt.Errorf("--control: %w", err)
	}
	c := &control{listener: listener, runner: r, places: make(chan struct{}, maxControllers)}
	c.serving.Go(c.accept)
	return c, nil
}

// removeStale removes the socket of a process that was killed, and refuses to take that of a running one.
func removeStale(path string) error {
	conn, err := net.Dial("unix", path)
	switch {
	case err == nil:
		_ = conn.Close() // it only had to be possible
		return fmt.Errorf("--control: %s belongs to a running process", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	default:
		return nil // there is none; whatever else is wrong, listening tells
	}
}

func (c *control) accept() {
	for {
		c.places <- struct{}{}
		conn, err := c.listener.Accept()
		if err != nil {
			return // closed: the run is over
		}
		c.serving.Go(func() {
			defer func() { <-c.places }()
			c.serve(conn)
		})
	}
}

// close removes the socket and waits until every command is answered.
func (c *control) close() {
	_ = c.listener.Close() // nothing to be done about a socket that does not close
	c.serving.Wait()
}

// serve answers one command; a connection has no second one.
func (c *control) serve(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(commandTimeout)) // fails only for a closed connection, as reading then does
	lines := bufio.NewScanner(conn)
	lines.Buffer(make([]byte, 64<<10), maxCommand)
	if !lines.Scan() {
		return
	}
	reply := c.carryOut(lines.Bytes())
	_ = conn.SetWriteDeadline(time.Now().Add(commandTimeout))
	_ = json.NewEncoder(conn).Encode(reply) // a caller that is gone by now needs no answer
}

func (c *control) carryOut(line []byte) answer {
	var cmd command
	if err := decodeStrictly(line, &cmd); err != nil {
		return answer{Error: fmt.Sprintf("not a command: %v", err)}
	}
	switch cmd.Command {
	case "add":
		targets, err := decodeTargets(bytes.TrimSpace(cmd.Targets))
		if err != nil {
			return answer{Error: err.Error()}
		}
		added, err := c.runner.add(targets)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Added: added}
	case "remove":
		if cmd.Plane == "" && len(cmd.Hosts) == 0 && len(cmd.IDs) == 0 {
			return answer{Error: "remove what? give \"plane\", \"hosts\" or \"ids\""}
		}
		return answer{Removed: c.runner.remove(cmd.chooses)}
	case "report":
		return answer{Report: c.runner.report(time.Now(), cmd.Series)}
	case "stop":
		c.runner.stop("a stop command")
		return answer{Report: c.runner.wait()}
	default:
		return answer{Error: fmt.Sprintf("unknown command %q: want add, remove, report or stop", cmd.Command)}
	}
}

func (cmd *command) chooses(t *target) bool {
	return (cmd.Plane == "" || cmd.Plane == t.Plane) &&
		(len(cmd.Hosts) == 0 || slices.Contains(cmd.Hosts, t.Host)) &&
		(len(cmd.IDs) == 0 || slices.Contains(cmd.IDs, t.ID))
}
