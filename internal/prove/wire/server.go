package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync/atomic"
)

// serve is the server that is loaded: as little as answers the trace API. It
// takes HTTP/1.1 requests with a Content-Length one after the other on each
// connection, reads them to the last byte, and answers `{}`. A GET is answered
// with the number of other requests so far, which is how requests are counted
// alike for every generator.
func serve() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Println(l.Addr()); err != nil { // tells the parent where
		return err
	}
	go func() { // the parent holds the other end: no server outlives it
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	var served atomic.Uint64
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer func() { _ = conn.Close() }()
			answer(conn, &served)
		}()
	}
}

// answer serves one connection until it ends.
func answer(conn net.Conn, served *atomic.Uint64) {
	in := bufio.NewReaderSize(conn, 64<<10)
	for {
		get, length, err := readHead(in)
		if err != nil {
			return
		}
		if _, err := in.Discard(length); err != nil {
			return
		}
		reply := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
		if get {
			n := strconv.FormatUint(served.Load(), 10)
			reply = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(n), n)
		} else {
			served.Add(1)
		}
		if _, err := conn.Write(reply); err != nil {
			return
		}
	}
}

// readHead reads the request line and the headers.
func readHead(in *bufio.Reader) (get bool, length int, err error) {
	name := []byte("content-length:")
	for n := 0; ; n++ {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return false, 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
			return get, length, nil
		case n == 0:
			get = bytes.HasPrefix(line, []byte("GET "))
		case len(line) > len(name) && bytes.EqualFold(line[:len(name)], name):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):]))); err != nil {
				return false, 0, err
			}
		}
	}
}
