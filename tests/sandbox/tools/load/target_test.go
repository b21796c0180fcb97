// SPDX-FileCopyrightText: The sealos.istio_migration authors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestTargetsAreReadAsLinesAndAsArray(t *testing.T) {
	one := `{"host": "a.example.test", "address": "127.0.0.1:80", "rate": 2.5, "timeout": "2s"}`
	two := `{"host": "b.example.test", "address": "[::1]:443", "scheme": "https", "insecure": true, "protocol": "grpc"}`
	for name, text := range map[string]string{"lines": one + "\n\n" + two + "\n", "array": "[" + one + "," + two + "]"} {
		targets, err := decodeTargets([]byte(text))
		if err != nil || len(targets) != 2 {
			t.Fatalf("%s: %d targets, %v", name, len(targets), err)
		}
		a, b := targets[0], targets[1]
		if a.ID != "default h1 GET http://a.example.test/" || a.interval() != 400*time.Millisecond || *a.Fresh != 0.1 || a.Expect[0] != 200 {
			t.Errorf("%s: %+v", name, a)
		}
		if b.Method != "POST" || b.Path != healthCheckPath || b.Expect[0] != 0 {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

func TestTargetsSurviveTheControlSocket(t *testing.T) {
	original := completed(t, target{Host: "a.example.test", Address: "127.0.0.1:80", Fresh: new(0.0), Headers: map[string]string{"X-A": "1"}})
	encoded, err := json.Marshal([]target{original})
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := decodeTargets(encoded)
	if err != nil || !decoded[0].same(&original) {
		t.Errorf("%+v became %+v, %v", original, decoded, err)
	}
}

func TestMistakesInTargetsAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		`{"host": "a", "address": "a.example.test:80"}`:                                   `"address"`,
		`{"host": "a/b", "address": "127.0.0.1:80"}`:                                      `"host"`,
		`{"host": "a", "address": "127.0.0.1:80", "protocol": "h3"}`:                      `"protocol"`,
		`{"host": "a", "address": "127.0.0.1:80", "path": "x"}`:                           `"path"`,
		`{"host": "a", "address": "127.0.0.1:80", "rate": -1}`:                            `"rate"`,
		`{"host": "a", "address": "127.0.0.1:80", "fresh": 2}`:                            `"fresh"`,
		`{"host": "a", "address": "127.0.0.1:80", "timeout": "9h"}`:                       `"timeout"`,
		`{"host": "a", "address": "127.0.0.1:80", "timeout": 5}`:                          "in quotes",
		`{"host": "a", "address": "127.0.0.1:80", "scheme": "https"}`:                     `"ca_file"`,
		`{"host": "a", "address": "127.0.0.1:80", "insecure": true}`:                      `"scheme"`,
		`{"host": "a", "address": "127.0.0.1:80", "source": "::1"}`:                       `"source"`,
		`{"host": "a", "address": "127.0.0.1:80", "headers": {"Host": "b"}}`:              `"Host"`,
		`{"host": "a", "address": "127.0.0.1:80", "headers": {"X-A": "1\r\nX-B: 2"}}`:     `"X-A"`,
		`{"host": "a", "address": "127.0.0.1:80", "colour": "red"}`:                       `"colour"`,
		`{"host": "a", "address": "127.0.0.1:80"} {"host": "a","address":"127.0.0.1:80"}`: "twice",
		`[{"host": "a", "address": "127.0.0.1:80"}] []`:                                   "after the end",
	} {
		if _, err := decodeTargets([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s in it", text, err, want)
		}
	}
}
