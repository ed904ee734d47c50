package rawhttp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// read reads one final answer with its body.
func read(src io.Reader) (code int, body []byte, a answer, err error) {
	a = answer{src: src, buf: make([]byte, 64)} // small, so that it has to be moved and to grow
	a.reset()
	if code, err = a.readHead(); err != nil {
		return 0, nil, a, err
	}
	body, err = io.ReadAll(&a)
	return code, body, a, err
}

// oracle is the same by net/http.
func oracle(text []byte) (resp *http.Response, body []byte, err error) {
	from := bufio.NewReader(bytes.NewReader(text))
	for {
		resp, err := http.ReadResponse(from, &http.Request{Method: http.MethodPut})
		if err != nil {
			return nil, nil, err
		}
		if resp.StatusCode/100 == 1 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		return resp, body, err
	}
}

var answers = []struct {
	name, text string
	code       int
	body       string
	last       bool
	refused    bool
}{
	{name: "length", text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", code: 200, body: "{}"},
	{name: "nothing", text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", code: 200},
	{name: "line feeds", text: "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", code: 200, body: "{}"},
	{name: "no reason", text: "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", code: 200, body: "{}"},
	{name: "lower case", text: "HTTP/1.1 429 x\r\ncontent-length:2\r\nconnection: Foo, CLOSE\r\n\r\n{}", code: 429, body: "{}", last: true},
	{name: "the same length twice", text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length:  2\r\n\r\n{}", code: 200, body: "{}"},
	{name: "two lengths", text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", refused: true},
	{name: "length in two spellings", text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 02\r\n\r\n{}", refused: true},
	{name: "a signed length", text: "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}", refused: true},
	{name: "an empty length", text: "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n{}", refused: true},
	{name: "a giant length", text: "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n{}", refused: true},
	{name: "cut off", text: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", refused: true},
	{name: "by close", text: "HTTP/1.1 200 OK\r\n\r\n{}", code: 200, body: "{}", last: true},
	{name: "204", text: "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n", code: 204},
	{name: "304", text: "HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n", code: 304},
	{name: "1.0", text: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", code: 200, body: "{}", last: true},
	{name: "1.0 kept alive", text: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", code: 200, body: "{}"},
	{name: "1.0 chunked", text: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", code: 200, body: "0\r\n\r\n", last: true},
	{name: "early hints", text: "HTTP/1.1 103 x\r\nLink: y\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", code: 200, body: "{}"},
	{name: "switching", text: "HTTP/1.1 101 x\r\n\r\n", code: 101, last: true},
	{name: "chunked", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n", code: 200, body: "{}"},
	{name: "chunked wins", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n2 \r\n{}\r\n0\r\n\r\n", code: 200, body: "{}"},
	{name: "trailer", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\n\r\n", code: 200, body: "{}"},
	{name: "trailer cut off", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\n", refused: true},
	{name: "trailer that frames", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: a, content-length\r\n\r\n0\r\n\r\n", refused: true},
	{name: "chunk too long", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", refused: true},
	{name: "chunk of no size", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n{}\r\n0\r\n\r\n", refused: true},
	{name: "chunk of an empty size", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n;\r\n{}\r\n0\r\n\r\n", refused: true},
	{name: "chunk of a giant size", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000001\r\n{\r\n0\r\n\r\n", refused: true},
	{name: "chunk with a line feed", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n", refused: true},
	{name: "chunks of extensions", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
		strings.Repeat("1;"+strings.Repeat("x", 3000)+"\r\n{\r\n", 9) + "0\r\n\r\n", refused: true},
	{name: "another encoding", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", refused: true},
	{name: "two encodings", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", refused: true},
	{name: "folded", text: "HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\nContent-Length: 2\r\n\r\n{}", code: 200, body: "{}"},
	{name: "a fold at the start", text: "HTTP/1.1 200 OK\r\n A: b\r\n\r\n", refused: true},
	{name: "no colon", text: "HTTP/1.1 200 OK\r\nA\r\n\r\n", refused: true},
	{name: "no name", text: "HTTP/1.1 200 OK\r\n: b\r\n\r\n", refused: true},
	{name: "a bad name", text: "HTTP/1.1 200 OK\r\nA\x01: b\r\n\r\n", refused: true},
	{name: "a bad value", text: "HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n", refused: true},
	{name: "a space before the colon", text: "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}", code: 200, body: "{}", last: true},
	{name: "garbage", text: "SSH-2.0-OpenSSH_9.9\r\n", refused: true},
	{name: "two digits", text: "HTTP/1.1 20 OK\r\n\r\n", refused: true},
	{name: "four digits", text: "HTTP/1.1 2000 OK\r\n\r\n", refused: true},
	{name: "no digits", text: "HTTP/1.1 2x0 OK\r\n\r\n", refused: true},
	{name: "no status", text: "HTTP/1.1\r\n\r\n", refused: true},
	{name: "cut off in the headers", text: "HTTP/1.1 200 OK\r\nA: b\r\n", refused: true},
	{name: "long headers", text: "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 20_000) + "\r\nContent-Length: 2\r\n\r\n{}", code: 200, body: "{}"},
}

func TestAnswers(t *testing.T) {
	for _, tt := range answers {
		t.Run(tt.name, func(t *testing.T) {
			for kind, src := range map[string]io.Reader{
				"whole": strings.NewReader(tt.text), "byte by byte": iotest.OneByteReader(strings.NewReader(tt.text)),
				"with the end": iotest.DataErrReader(strings.NewReader(tt.text)),
			} {
				code, body, a, err := read(src)
				if tt.refused {
					if err == nil {
						t.Errorf("%s: %d %q is taken", kind, code, body)
					}
					continue
				}
				if err != nil || code != tt.code || string(body) != tt.body || a.last != tt.last {
					t.Errorf("%s: %d %q, last %v, %v", kind, code, body, a.last, err)
				}
			}
			// None of these is among what only net/http takes.
			if resp, body, err := oracle([]byte(tt.text)); (err != nil) != tt.refused {
				t.Errorf("net/http: %v", err)
			} else if err == nil && (resp.StatusCode != tt.code || string(body) != tt.body) {
				t.Errorf("net/http: %d %q", resp.StatusCode, body)
			}
		})
	}
}

// TestStricter lists what net/http takes and this package does not.
func TestStricter(t *testing.T) {
	for _, text := range []string{
		"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n c\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\nB: c\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", HeadersMost) + "\r\nContent-Length: 0\r\n\r\n",
	} {
		if _, _, err := oracle([]byte(text)); err != nil {
			t.Errorf("net/http refuses %.60q: %v", text, err)
		}
		var malformed MalformedError
		if code, _, _, err := read(strings.NewReader(text)); !errors.As(err, &malformed) {
			t.Errorf("%.60q is taken as %d: %v", text, code, err)
		}
	}
}

// TestEnds checks that an end before the first byte is told from one later.
func TestEnds(t *testing.T) {
	whole := "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\n\r\n"
	for n := range len(whole) {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if _, _, _, err := read(strings.NewReader(whole[:n])); !errors.Is(err, want) {
			t.Errorf("cut off at %q: %v, want %v", whole[:n], err, want)
		}
	}
}

// FuzzAnswer holds the parser against net/http's: what it takes net/http takes
// too, with the same status and body, however the bytes arrive. What net/http
// takes it may refuse as malformed, in the ways listed at answer.
func FuzzAnswer(f *testing.F) {
	for _, tt := range answers {
		f.Add([]byte(tt.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		code, body, a, err := read(bytes.NewReader(text))
		slowCode, slowBody, slow, slowErr := read(iotest.OneByteReader(bytes.NewReader(text)))
		if code != slowCode || !bytes.Equal(body, slowBody) || a.last != slow.last || (err == nil) != (slowErr == nil) {
			t.Fatalf("at once %d %q %v, byte by byte %d %q %v", code, body, err, slowCode, slowBody, slowErr)
		}
		resp, want, oracleErr := oracle(text)
		switch {
		case err == nil && oracleErr != nil:
			t.Fatalf("%d %q is taken, and net/http says %v", code, body, oracleErr)
		case err == nil && (code != resp.StatusCode || !bytes.Equal(body, want)):
			t.Fatalf("%d %q, and net/http reads %d %q", code, body, resp.StatusCode, want)
		case err == nil && !a.last && resp.Close:
			t.Fatal("net/http would close the connection")
		case err != nil && oracleErr == nil && !stricter(resp, text, err):
			t.Fatalf("%v, and net/http reads %d %q", err, resp.StatusCode, want)
		}
	})
}

// stricter says whether err may be one of those that only this package makes.
func stricter(resp *http.Response, text []byte, err error) bool {
	var malformed MalformedError
	if !errors.As(err, &malformed) {
		return false
	}
	folded := bytes.Contains(text, []byte("\n ")) || bytes.Contains(text, []byte("\n\t"))
	// net/http ends a trailer, with nothing in it, at a bare line feed.
	trailer := resp.TransferEncoding != nil && (len(resp.Trailer) > 0 || strings.Contains(string(malformed), "CR LF"))
	return folded || trailer || len(text) > HeadersMost ||
		malformed == "a status code below 100" || strings.Contains(string(malformed), "status")
}
