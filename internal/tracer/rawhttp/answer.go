package rawhttp

import (
	"bytes"
	"errors"
	"io"
)

const (
	// HeadersMost bounds the headers of an answer, with those of informational
	// answers before it.
	HeadersMost = 64 << 10
	// chunkLineMost bounds the line before a chunk, and the trailer.
	chunkLineMost = 4 << 10
	// fatMost bounds what a chunked answer may hold beside its content, over
	// twice the content and 16 bytes a chunk. It is net/http's figure.
	fatMost = 16 << 10
)

// MalformedError says in what way an answer is no HTTP/1.0 or HTTP/1.1.
type MalformedError string

// Error implements error.
func (m MalformedError) Error() string { return "malformed answer: " + string(m) }

// framing is how the length of a body is known.
type framing uint8

const (
	framedNone    framing = iota // there is no body, or it was read to its end
	framedLength                 // left says how many bytes are to come
	framedChunks                 // left says how many bytes of the chunk are to come
	framedByClose                // it ends where the connection does
)

// answer reads answers from a connection, one after the other.
//
// It reads what net/http reads, with these differences: versions but 1.0 and
// 1.1, codes below 100, codes with a sign, headers beyond HeadersMost, headers
// that frame the answer and are folded over several lines, and trailers with
// folded lines or bare line feeds are refused.
type answer struct {
	src  io.Reader
	buf  []byte
	r, w int // buf[r:w] was read from src and not used yet

	code    int
	last    bool // the connection is of no use after this answer
	framing framing
	left    uint64
	footer  bool  // a chunk was begun, and its line end is to come
	fat     int64 // see fatMost
	headers int   // bytes of headers so far
}

func (a *answer) reset() {
	a.code, a.last, a.framing, a.left = 0, false, framedNone, 0
	a.footer, a.fat, a.headers = false, 0, 0
}

// readHead reads up to the end of the headers of the final answer. It fails
// with io.EOF where the connection ended before the first byte, and with
// io.ErrUnexpectedEOF where it ended later.
func (a *answer) readHead() (code int, err error) {
	for {
		switch err := a.readOne(); {
		case errors.Is(err, io.EOF) && a.headers+a.w-a.r > 0:
			a.code = 0
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			a.code = 0
			return 0, err
		case a.code == 101: // the other protocol is none of ours
			a.last = true
			return a.code, nil
		case a.code >= 200:
			return a.code, nil
		}
	}
}

// readOne reads a status line and the headers that follow.
func (a *answer) readOne() error {
	line, err := a.headLine()
	if err != nil {
		return err
	}
	minor, err := a.status(line)
	if err != nil {
		return err
	}
	f := fields{length: -1}
	for n := 0; ; n++ {
		line, err := a.headLine()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return a.frame(&f, minor)
		}
		if line[0] != ' ' && line[0] != '\t' {
			err = f.add(line)
		} else if n == 0 || f.framed || !isText(line) {
			err = MalformedError("a folded header line")
		}
		if err != nil {
			return err
		}
	}
}

// status reads "HTTP/1.1 200 OK".
func (a *answer) status(line []byte) (minor int, err error) {
	const version = "HTTP/1.x "
	if len(line) < len(version) || string(line[:7]) != version[:7] || line[7] != '0' && line[7] != '1' || line[8] != ' ' {
		return 0, MalformedError("no status line of HTTP/1.0 or HTTP/1.1")
	}
	code := bytes.TrimLeft(line[len(version):], " ")
	if len(code) < 3 || len(code) > 3 && code[3] != ' ' {
		return 0, MalformedError("a status code that has not three digits")
	}
	a.code = 0
	for _, c := range code[:3] {
		if c < '0' || c > '9' {
			return 0, MalformedError("a status code that has not three digits")
		}
		a.code = 10*a.code + int(c-'0')
	}
	if a.code < 100 {
		return 0, MalformedError("a status code below 100")
	}
	return int(line[7] - '0'), nil
}

// frame decides by the headers where the answer ends (RFC 9112, section 6.3).
func (a *answer) frame(f *fields, minor int) error {
	a.last = f.close || minor == 0 && !f.keepAlive
	chunked := f.encodings > 0 && minor > 0 // HTTP/1.0 knows no encodings
	switch {
	case chunked && (f.encodings > 1 || !f.chunked):
		return MalformedError("an unsupported transfer encoding")
	case chunked && f.badTrailer:
		return MalformedError("a trailer that would frame the answer")
	case a.code < 200, a.code == 204, a.code == 304:
		a.framing = framedNone
	case chunked:
		a.framing, a.left = framedChunks, 0
	case f.length > 0:
		a.framing, a.left = framedLength, uint64(f.length)
	case f.length == 0:
		a.framing = framedNone
	default:
		a.framing, a.last = framedByClose, true
	}
	return nil
}

// Read reads from the body, and returns io.EOF at its end, which is the end of
// the answer. It implements [io.Reader].
func (a *answer) Read(p []byte) (n int, err error) {
	switch a.framing {
	case framedNone:
		return 0, io.EOF
	case framedByClose:
		if n, err = a.take(p); errors.Is(err, io.EOF) {
			a.framing = framedNone
		}
		return n, err
	case framedChunks:
		if err := a.nextChunk(); err != nil {
			return 0, err
		}
		if a.framing == framedNone {
			return 0, io.EOF
		}
	}
	n, err = a.take(p[:min(uint64(len(p)), a.left)])
	a.left -= uint64(n)
	if a.left == 0 && a.framing == framedLength {
		a.framing = framedNone
	}
	return n, inMiddle(err)
}

// nextChunk goes on to the next chunk where one is at its end; behind the last
// one it reads the trailer.
func (a *answer) nextChunk() error {
	if a.left > 0 {
		return nil
	}
	if a.footer {
		line, err := a.crlfLine(2)
		if err != nil || len(line) > 0 {
			return a.chunkError(err, "a chunk that does not end where it should")
		}
		a.footer = false
	}
	line, err := a.crlfLine(chunkLineMost)
	if err != nil {
		return a.chunkError(err, "")
	}
	size, err := chunkSize(line)
	if err != nil {
		return err
	}
	if size == 0 {
		return a.trailer()
	}
	if a.fat = max(0, a.fat+int64(len(line))+2-16-2*int64(size)); a.fat > fatMost {
		return MalformedError("chunks with too little in them")
	}
	a.left, a.footer = size, true
	return nil
}

// trailer reads what follows the last chunk.
func (a *answer) trailer() error {
	var f fields // they are checked, and have no effect
	for room := chunkLineMost; ; {
		line, err := a.crlfLine(room)
		if err != nil {
			return a.chunkError(err, "")
		}
		if len(line) == 0 {
			a.framing = framedNone
			return nil
		}
		room -= len(line) + 2
		if err := f.add(line); err != nil {
			return err
		}
	}
}

func (a *answer) chunkError(err error, what MalformedError) error {
	if err != nil {
		return inMiddle(err)
	}
	return what
}

// inMiddle is what an error means in the middle of an answer.
func inMiddle(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// chunkSize reads a chunk's line: hexadecimal digits, and extensions to ignore.
func chunkSize(line []byte) (n uint64, err error) {
	line, _, _ = bytes.Cut(bytes.TrimRight(line, " \t"), []byte{';'})
	if len(line) == 0 || len(line) > 16 {
		return 0, MalformedError("a chunk without a size, or a giant one")
	}
	for _, c := range line {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, MalformedError("a chunk's size that is no number")
		}
		n = n<<4 | uint64(c)
	}
	return n, nil
}

var errLong = errors.New("too long")

// headLine returns the next line without its end. It is valid until more is read.
func (a *answer) headLine() ([]byte, error) {
	line, err := a.line(HeadersMost - a.headers)
	if errors.Is(err, errLong) {
		return nil, MalformedError("headers beyond 64 KB")
	}
	if err != nil {
		return nil, err
	}
	a.headers += len(line)
	line = line[:len(line)-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}

// crlfLine is headLine for chunks, where a line feed alone ends no line.
func (a *answer) crlfLine(most int) ([]byte, error) {
	line, err := a.line(most)
	if errors.Is(err, errLong) {
		return nil, MalformedError("a line among the chunks that is too long")
	}
	if err != nil {
		return nil, err
	}
	if i := bytes.IndexByte(line, '\r'); i < 0 || i != len(line)-2 {
		return nil, MalformedError("a line among the chunks that does not end in CR LF")
	}
	return line[:len(line)-2], nil
}

// line returns the next line with its line feed, at most so many bytes.
func (a *answer) line(most int) ([]byte, error) {
	for seen := 0; ; {
		have := a.buf[a.r:a.w]
		i := bytes.IndexByte(have[seen:], '\n')
		switch seen += i + 1; {
		case i >= 0 && seen <= most:
			a.r += seen
			return have[:seen], nil
		case i >= 0 || len(have) >= most:
			return nil, errLong
		}
		seen = len(have)
		if err := a.more(); err != nil {
			return nil, err
		}
	}
}

// take reads into p, which is not empty, from the buffer or through it.
func (a *answer) take(p []byte) (int, error) {
	if a.r == a.w {
		if err := a.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, a.buf[a.r:a.w])
	a.r += n
	return n, nil
}

// more reads at least one byte behind those that are in the buffer, and makes
// room for it.
func (a *answer) more() error {
	switch {
	case a.r == a.w:
		a.r, a.w = 0, 0
	case a.w == len(a.buf) && a.r > 0:
		a.w = copy(a.buf, a.buf[a.r:a.w])
		a.r = 0
	case a.w == len(a.buf):
		a.buf = append(a.buf, make([]byte, len(a.buf))...)
	}
	n, err := a.src.Read(a.buf[a.w:])
	a.w += n
	switch {
	case n > 0:
		return nil // an error comes again
	case err == nil:
		return io.ErrNoProgress
	}
	return err
}
