package tracer

import (
	"bufio"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// A cut ends what is on its way at once, closes what waits, and what comes after it
// goes over a new connection.
func TestCut(t *testing.T) {
	for name, onlyNet := range transports {
		arrived := make(chan bool, 4)
		var requests atomic.Int32
		url := scripted(t, func(conn *net.TCPConn, in *bufio.Reader) {
			for request(in) {
				answered := requests.Add(1) > 1
				arrived <- true
				if answered {
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
				}
			}
		})
		client, err := New(Config{URL: url, OnlyNetHTTP: onlyNet})
		if err != nil {
			t.Fatal(err)
		}
		sender, err := client.Sender(t.Context(), Route{Path: "/", Answer: AnswerOK, Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		replies := make(chan Reply, 1)
		try := func() { replies <- send(sender, 0, &body{text: "x"}) }

		go try()
		<-arrived
		began := time.Now()
		if n := client.Cut(); n != 1 {
			t.Errorf("%s: %d connections were cut, one was open", name, n)
		}
		if r := <-replies; r.Class != ClassEOF && r.Class != ClassReset || time.Since(began) > 20*time.Second {
			t.Errorf("%s: what was on its way: %+v after %v", name, r, time.Since(began))
		}
		for range 2 { // the second goes over a connection that was cut while it was idle
			go try()
			<-arrived
			if r := <-replies; r.Code != 200 {
				t.Errorf("%s: after the cut: %+v", name, r)
			}
			client.Cut()
			time.Sleep(2 * time.Millisecond) // longer than a connection is taken to be as it was left
		}
		client.Close()
		if n := client.Cut(); n > 1 {
			t.Errorf("%s: %d connections are kept after the end", name, n)
		}
	}
}
