package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/DataDog/datadog-agent/pkg/trace/info"
	"github.com/DataDog/datadog-go/v5/statsd"
)

// Whatever the agent could send somewhere goes to the intake or nowhere.
func TestNoOtherHost(t *testing.T) {
	const intake = "http://127.0.0.1:9"
	c, err := flags{port: 1, intake: intake}.config()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "datadoghq") {
		t.Errorf("the configuration names the vendor's hosts: %s", text)
	}
	if len(c.Endpoints) != 1 || c.Endpoints[0].Host != intake || c.Endpoints[0].APIKey == "" {
		t.Errorf("endpoints %+v", c.Endpoints)
	}
	if c.TelemetryConfig.Enabled || c.StatsdEnabled || c.RemoteConfigClient != nil || c.EVPProxy.Enabled {
		t.Error("something that reaches out is on")
	}
	request, err := http.NewRequest(http.MethodPost, intake, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:1")
	if proxy, err := c.Proxy(request); proxy != nil || err != nil {
		t.Errorf("proxy %v, %v", proxy, err)
	}
}

func TestBadFlags(t *testing.T) {
	for _, f := range []flags{
		{intake: "http://127.0.0.1:9"},
		{port: 1},
		{port: 1, intake: "127.0.0.1:9"},
		{socket: "/x", intake: "/path"},
	} {
		if _, err := f.config(); err == nil {
			t.Errorf("%+v: no error", f)
		}
	}
}

func TestVersion(t *testing.T) {
	if v := version(); !strings.HasPrefix(v, "0.") {
		t.Errorf("version %q", v)
	}
}

// What the agent counts arrives as packets, too, to the last one.
func TestStatsD(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	to, err := sender(l.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := newCounts(to)
	if err := c.Count(receiverPrefix+"traces_received", 7, []string{"lang:go"}, 1); err != nil {
		t.Error(err)
	}
	if err := c.Gauge("datadog.trace_agent.heap_alloc", 3, nil, 1); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := c.totals["traces_received"]; got != 7 {
		t.Errorf("its own total is %d", got)
	}
	var got string
	packet := make([]byte, 64<<10)
	for !strings.Contains(got, receiverPrefix+"traces_received:7|c|#lang:go") || !strings.Contains(got, "heap_alloc:3|g") {
		if err := l.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, _, err := l.ReadFrom(packet)
		if err != nil {
			t.Fatalf("%v; so far came %q", err, got)
		}
		got += string(packet[:n])
	}
	if _, err := sender("no address"); err == nil {
		t.Error("it sends to what is no address")
	}
}

// What was handed over and what is still in the receiver add up, at any moment.
func TestCounts(t *testing.T) {
	c, live := newCounts(&statsd.NoOpClient{}), &info.ReceiverStats{Stats: map[info.Tags]*info.TagStats{}}
	add := func(lang string) {
		row := live.GetTagStats(info.Tags{Lang: lang})
		row.TracesReceived.Add(3)
		row.SpansReceived.Add(30)
		row.TracesPriorityNone.Add(1)
		row.TracesDropped.SpanIDZero.Add(2)
		row.PayloadAccepted.Add(1)
	}
	for n := int64(1); n <= 6; n++ {
		add([]string{"go", "java"}[n%2])
		if n%3 == 0 {
			live.PublishAndReset(c)
		}
		got := c.snapshot(live)
		for name, each := range map[string]int64{
			"traces_received": 3, "spans_received": 30, "traces_priority_none": 1,
			"traces_dropped.span_id_zero": 2, "payload_accepted": 1, "spans_dropped": 0,
		} {
			if got[name] != each*n {
				t.Errorf("after %d: %s is %d, want %d", n, name, got[name], each*n)
			}
		}
	}

	answer := httptest.NewRecorder()
	c.handler(live).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/debug/vars", http.NoBody))
	var page struct {
		Receiver struct {
			TracesReceived int64            `json:"traces_received"`
			TracesDropped  map[string]int64 `json:"traces_dropped"`
		} `json:"receiver"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil {
		t.Fatal(err)
	}
	if page.Receiver.TracesReceived != 18 || page.Receiver.TracesDropped["span_id_zero"] != 12 || len(page.Receiver.TracesDropped) != 9 {
		t.Errorf("page %s", answer.Body)
	}
}
